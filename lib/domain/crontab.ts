import { InvalidSchedule } from '../errors.ts'
import { showValue } from './shown-value.ts'

/** Values of one field: a number, cron's own text such as `'9-17'`, `'mon-fri'`, or a list of these. */
export type CrontabValue = number | string | readonly (number | string)[]

/** The fields of Celery's `crontab()`. What is left out is `'*'`. */
export interface CrontabFields {
  minute?: CrontabValue
  hour?: CrontabValue
  /** 0 is Sunday; names in English, short or whole. */
  dayOfWeek?: CrontabValue
  dayOfMonth?: CrontabValue
  /** Names in English, short or whole. */
  monthOfYear?: CrontabValue
}

/** In the order of a cron expression. */
const FIELDS = ['minute', 'hour', 'dayOfMonth', 'monthOfYear', 'dayOfWeek'] as const
const NAME =
  /\b(sun|mon|tue|wed|thu|fri|sat)(?:day|sday|nesday|rsday|urday)\b|\b(jan|feb|mar|apr|jun|jul|aug|sep|oct|nov|dec)(?:uary|ruary|ch|il|e|y|ust|tember|ober|ember)\b/gi

/**
 * Celery's way to write a cron entry: `crontab({ hour: 6, minute: 30, dayOfWeek: 'mon-fri' })` is `'30 6 * * mon-fri'`.
 * The values themselves are checked where the schedule is declared.
 *
 * @throws {InvalidSchedule} for an unknown field, a value of another type, and for both day fields at once: Celery runs when
 *   both match and cron when either does
 */
export function crontab(fields: CrontabFields = {}): string {
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields))
    throw new InvalidSchedule(
      `crontab() was given ${showValue(fields)} — give an object such as { hour: 6, minute: 30 }`,
    )
  for (const key of Object.keys(fields)) {
    if (!(FIELDS as readonly string[]).includes(key))
      throw new InvalidSchedule(`crontab() has no field "${key}" — there are ${FIELDS.join(', ')}`)
  }
  const texts = FIELDS.map((field) => fieldText(field, fields[field]))
  if (texts[2] !== '*' && texts[4] !== '*') {
    throw new InvalidSchedule(
      `crontab() was given dayOfMonth '${texts[2]}' and dayOfWeek '${texts[4]}': Celery would run when both match, cron when either does — give one of them, or write the cron text yourself`,
    )
  }
  return texts.join(' ')
}

function fieldText(field: string, value: CrontabValue | undefined): string {
  if (value === undefined) return '*'
  const items: readonly unknown[] = Array.isArray(value) ? value : [value]
  const texts = items.map((item) => {
    if (typeof item === 'number' && Number.isInteger(item) && item >= 0) return `${item}`
    if (typeof item === 'string' && item.trim() !== '') {
      const text = item.trim().replace(/\s*,\s*/g, ',')
      if (!/\s/.test(text)) return text.replace(NAME, (_, day?: string, month?: string) => day ?? month ?? '')
    }
    throw new InvalidSchedule(
      `crontab(): ${field} is ${showValue(value)} — give a whole number, a text such as '*/15' or '9-17', or a list of these`,
    )
  })
  if (texts.length === 0)
    throw new InvalidSchedule(`crontab(): ${field} is an empty list — leave it out for every value`)
  return texts.join(',')
}
