import type { CronExpression } from 'cron-parser'
import { InvalidSchedule } from '../errors.ts'
import { assertCronFields, CRON_ALIASES, type CronFields } from './cron-fields.ts'
import { showValue } from './shown-value.ts'

/**
 * A cron expression as calendar arithmetic. It knows no time zone: a wall time is given as the epoch milliseconds that
 * a clock in UTC showing the same date and time would have. `cron-slot.ts` puts wall times on the line of time.
 */
export interface CronRule {
  /** Whether the hour field names hours only: no wildcard, step or range. Decides what a change of clocks does to it. */
  readonly fixedHours: boolean
  /** The first wall time that matches and is later than `wall`. */
  next(wall: number): number
  /** How many wall times match in (after, until]: one step a day that matches, however many lie in it. */
  count(after: number, until: number): number
}

/** An item of a field, not the letter in THU. */
const HASH = /(?:^|,)H(?=[(,/]|$)/

const SECOND = 1_000
const DAY = 86_400_000

// An entry is a few kB; a file with more schedules than this parses again, 0.1 ms each.
const CACHED = 2_000
const cache = new Map<string, CronRule>()

let loaded: typeof import('cron-parser').CronExpressionParser | null = null

/** cron-parser with its calendar library takes longer to load than all else together; most threads never need it. */
function parser(): typeof import('cron-parser').CronExpressionParser {
  if (loaded) return loaded
  const require = process.getBuiltinModule('node:module').createRequire(import.meta.url)
  loaded = (require('cron-parser') as typeof import('cron-parser')).CronExpressionParser
  return loaded
}

/** The expression as it is stored: blanks made single, nothing else changed. */
export function normalizeCron(expression: string): string {
  return expression.trim().replace(/\s+/g, ' ')
}

/**
 * Reads a cron expression of 5 fields (minute hour day-of-month month day-of-week), 6 (seconds first) or an alias such
 * as `@daily`. `H` stands for a value that depends on `schedule` alone and so stays the same for ever.
 * When both day fields are restricted, a day that matches either of them matches.
 *
 * @param expression what the user wrote
 * @param schedule name of the schedule: the seed of `H`, and for messages
 * @throws {InvalidSchedule} with the reason
 */
export function compileCron(expression: string, schedule: string): CronRule {
  const key = expression.includes('H') ? `${expression}\n${schedule}` : expression
  let rule = cache.get(key)
  if (rule !== undefined) {
    cache.delete(key) // set again below: the map's order is the order of last use
  } else {
    rule = compile(expression, schedule)
    for (const oldest of cache.keys()) {
      if (cache.size < CACHED) break
      cache.delete(oldest)
    }
  }
  cache.set(key, rule)
  return rule
}

function compile(expression: string, schedule: string): CronRule {
  const refuse: Refuse = (reason, cause) => {
    const message = `Schedule ${showValue(schedule)}: cron ${showValue(expression)} ${reason}`
    throw cause === undefined ? new InvalidSchedule(message) : new InvalidSchedule(message, { cause })
  }
  const { fields, parsed } = parse(expression, schedule, refuse)
  // The last question and its answer, which also answers for every wall time between the two.
  let asked = Number.NaN
  let answer = Number.NaN
  const { hour, minute, second } = parsed.fields
  const timesUpTo = timesOfDay(numbers(hour.values), numbers(minute.values), numbers(second.values))
  const rule: CronRule = {
    fixedHours: !/[*?/-]/.test(fields[2].replace(/H\([^)]*\)/g, 'H')),
    next(wall) {
      if (wall >= asked && wall < answer) return answer
      try {
        // In UTC no hour is missing or doubled, which is where cron-parser's own zone arithmetic goes astray.
        parsed.reset(new Date(wall))
        answer = parsed.next().getTime()
        asked = wall
        return answer
      } catch (error) {
        return refuse('has no next time', error)
      }
    },
    count(after, until) {
      let total = 0
      // A match is a whole second.
      for (let wall = rule.next(Math.floor(after / SECOND) * SECOND); wall <= until; ) {
        const day = Math.floor(wall / DAY) * DAY
        total += timesUpTo(Math.min(until, day + DAY - SECOND) - day)
        if (after >= day) total -= timesUpTo(after - day)
        wall = rule.next(day + DAY - SECOND)
      }
      return total
    },
  }
  return rule
}

/**
 * The same expression with numbers where it says `H`, those that the schedule's name stands for; null where it says no `H`.
 * @throws {InvalidSchedule} with the reason
 */
export function cronWithoutHashes(expression: string, schedule: string): string | null {
  const { fields, parsed } = parse(expression, schedule, (reason) => {
    throw new InvalidSchedule(`Schedule ${showValue(schedule)}: cron ${showValue(expression)} ${reason}`)
  })
  if (!fields.some((field) => HASH.test(field))) return null
  const { second, minute, hour, dayOfMonth, month, dayOfWeek } = parsed.fields
  const values = [second, minute, hour, dayOfMonth, month, dayOfWeek].map((field) => field.values.join(','))
  return fields.map((field, i) => (HASH.test(field) ? (values[i] as string) : field)).join(' ')
}

type Refuse = (reason: string, cause?: unknown) => never

function parse(expression: string, schedule: string, refuse: Refuse): { fields: CronFields; parsed: CronExpression } {
  const text = normalizeCron(expression)
  const fields = assertCronFields(CRON_ALIASES.get(text.toLowerCase()) ?? text, refuse)
  try {
    // The seed must not be empty: cron-parser then draws another `H` at every parse. Without a date it asks for the
    // host's zone, which takes longer than the parse itself.
    return {
      fields,
      parsed: parser().parse(fields.join(' '), { tz: 'UTC', hashSeed: schedule || ' ', currentDate: 0 }),
    }
  } catch (error) {
    return refuse(reasonOf(error, fields), error)
  }
}

const numbers = (values: readonly (number | string)[]): number[] => values.map(Number)

/** How many of the times that the fields name lie within the first `milliseconds` of a day, the end included. */
function timesOfDay(
  hours: readonly number[],
  minutes: readonly number[],
  seconds: readonly number[],
): (milliseconds: number) => number {
  return (milliseconds) => {
    const elapsed = Math.floor(milliseconds / SECOND)
    const [hour, minute, second] = [Math.floor(elapsed / 3_600), Math.floor(elapsed / 60) % 60, elapsed % 60]
    let total = hours.filter((value) => value < hour).length * minutes.length * seconds.length
    if (!hours.includes(hour)) return total
    total += minutes.filter((value) => value < minute).length * seconds.length
    return minutes.includes(minute) ? total + seconds.filter((value) => value <= second).length : total
  }
}

function reasonOf(error: unknown, fields: readonly string[]): string {
  const message = error instanceof Error ? error.message : String(error)
  if (message.includes('explicit day of month')) {
    return `can never fire: no month of '${fields[4]}' has a day '${fields[3]}'`
  }
  const duplicate = /duplicate values found: (\S+)/.exec(message)
  if (duplicate !== null) return `names the value ${duplicate[1]} twice in one field`
  return `cannot be read: ${message}`
}
