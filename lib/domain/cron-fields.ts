/** The six fields of a cron expression, seconds first. */
export type CronFields = [
  second: string,
  minute: string,
  hour: string,
  dayOfMonth: string,
  month: string,
  dayOfWeek: string,
]

export const CRON_ALIASES: ReadonlyMap<string, string> = new Map([
  ['@yearly', '0 0 1 1 *'],
  ['@annually', '0 0 1 1 *'],
  ['@monthly', '0 0 1 * *'],
  ['@weekly', '0 0 * * 0'],
  ['@weekdays', '0 0 * * 1-5'],
  ['@weekends', '0 0 * * 0,6'],
  ['@daily', '0 0 * * *'],
  ['@midnight', '0 0 * * *'],
  ['@hourly', '0 * * * *'],
  ['@minutely', '* * * * *'],
  ['@secondly', '* * * * * *'],
])

interface FieldRule {
  readonly name: string
  readonly min: number
  readonly max: number
  /** Three-letter names; the first stands for `min`. */
  readonly names: readonly string[]
}

const FIELDS: readonly FieldRule[] = [
  { name: 'second', min: 0, max: 59, names: [] },
  { name: 'minute', min: 0, max: 59, names: [] },
  { name: 'hour', min: 0, max: 23, names: [] },
  { name: 'day-of-month', min: 1, max: 31, names: [] },
  { name: 'month', min: 1, max: 12, names: 'JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC'.split(' ') },
  { name: 'day-of-week', min: 0, max: 7, names: 'SUN MON TUE WED THU FRI SAT'.split(' ') },
]
const DAY_OF_MONTH = 3
const DAY_OF_WEEK = 5

// Every field written out in full has 600 characters.
const LONGEST_EXPRESSION = 1_000

// *, H, H(1-5), 7, MON, 1-5, MON-FRI, each with an optional /step.
const ITEM = /^(?:[*?]|H(?:\((\d{1,4})-(\d{1,4})\))?|(\d{1,4}|[A-Za-z]{3})(?:-(\d{1,4}|[A-Za-z]{3}))?)(?:\/(\d{1,4}))?$/
// An item of its own, not the letter in THU.
const PLAIN_HASH = /(?<=^|,)H(?=,|\/|$)/g
const LAST_WEEKDAY = /^(\d|[A-Za-z]{3})L$/
const NTH_WEEKDAY = /^(\d|[A-Za-z]{3})#[1-5]$/

/**
 * Splits an expression into its fields and refuses what cron-parser takes in silence: an empty text (it means every
 * minute there), missing fields (filled with `*` from the left), stray text beside an `H`, a `#` after a wildcard,
 * a step that is longer than its field.
 *
 * @param refuse throws, given the reason
 */
export function assertCronFields(expression: string, refuse: (reason: string) => never): CronFields {
  if (expression === '') return refuse('is empty; give 5 fields (minute hour day-of-month month day-of-week)')
  if (expression.length > LONGEST_EXPRESSION) return refuse(`is longer than ${LONGEST_EXPRESSION} characters`)
  if (expression.startsWith('@')) {
    return refuse(`is not one of the known names: ${[...CRON_ALIASES.keys()].join(', ')}`)
  }
  const fields = expression.split(' ')
  if (fields.length < 5 || fields.length > 6) {
    const count = fields.length === 1 ? '1 field' : `${fields.length} fields`
    return refuse(`has ${count}; give 5 (minute hour day-of-month month day-of-week), or 6 with the seconds in front`)
  }
  if (fields.length === 5) fields.unshift('0')
  for (const [index, field] of fields.entries()) {
    for (const item of field.split(',')) assertItem(item, index, FIELDS[index]!, refuse)
  }
  const [, , , , , dayOfWeek] = fields
  if (dayOfWeek?.includes('#') && dayOfWeek.includes(',')) {
    return refuse(`has '${dayOfWeek}' as day-of-week: '#' stands alone, it cannot be part of a list`)
  }
  // Plain H: a day that every month has, and each weekday once; cron-parser draws from 1-31, and from 0-7 with two Sundays.
  fields[DAY_OF_MONTH] = fields[DAY_OF_MONTH]!.replace(PLAIN_HASH, 'H(1-28)')
  fields[DAY_OF_WEEK] = fields[DAY_OF_WEEK]!.replace(PLAIN_HASH, 'H(0-6)')
  return fields as CronFields
}

function assertItem(item: string, index: number, field: FieldRule, refuse: (reason: string) => never): void {
  const bad: (reason: string) => never = (reason) => refuse(`has '${item.slice(0, 40)}' as ${field.name}: ${reason}`)
  if (item === '') bad('an item of the list is empty')
  if (index === DAY_OF_MONTH && item === 'L') return
  if (index === DAY_OF_WEEK) {
    const special = LAST_WEEKDAY.exec(item) ?? NTH_WEEKDAY.exec(item)
    if (special !== null) {
      valueIn(special[1]!, field, bad)
      return
    }
  }
  const parts = ITEM.exec(item)
  if (parts === null) bad(hintFor(item, index, field))
  const [, hashFrom, hashTo, from, to, step] = parts
  const low = from ?? hashFrom
  const high = to ?? hashTo
  if (low !== undefined) {
    const first = valueIn(low, field, bad)
    if (high !== undefined && first > valueIn(high, field, bad)) {
      bad('the range runs backwards; write it as two ranges, such as 22-23,0-4')
    }
  }
  if (step === undefined) return
  const longest = field.max - field.min + 1
  if (Number(step) < 1) bad('a step is 1 or more')
  if (Number(step) > longest) {
    bad(`a step counts within its field, which has ${longest} values; for longer periods use \`every\``)
  }
}

function valueIn(text: string, field: FieldRule, bad: (reason: string) => never): number {
  const name = field.names.indexOf(text.toUpperCase())
  if (name >= 0) return name + field.min
  const value = Number(text)
  if (value >= field.min && value <= field.max) return value // false for NaN
  const names = field.names.length > 0 ? ` or ${field.names[0]}-${field.names.at(-1)}` : ''
  return bad(`give ${field.min}-${field.max}${names}`)
}

function hintFor(item: string, index: number, field: FieldRule): string {
  if (item.includes('W')) return "'W' (nearest working day) is not supported"
  if (item.includes('#')) return "'#' is written weekday#1 to weekday#5, in the day-of-week field only"
  if (/L/.test(item)) {
    if (index === DAY_OF_MONTH) return "the last day of the month is a plain 'L'"
    return "'L' is written L in day-of-month, or weekdayL (5L, FRIL) in day-of-week"
  }
  return `give *, a value, a-b, a,b or any of these with /step; values are ${field.min}-${field.max}`
}
