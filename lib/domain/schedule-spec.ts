import { InvalidSchedule } from '../errors.ts'
import { compileCron, normalizeCron } from './cron.ts'
import { countCronSlots, nextCronSlot, type Slot } from './cron-slot.ts'
import { type Duration, formatDuration, toMilliseconds } from './duration.ts'
import { showValue } from './shown-value.ts'
import { type TimeZone, timeZone } from './time-zone.ts'

export type { Slot } from './cron-slot.ts'

/** When a schedule fires, as the user writes it: exactly one of `cron`, `every` and `at`. */
export interface ScheduleSpec {
  /** 5 fields, 6 with the seconds in front, or an alias such as `'@daily'`; `H` is a value fixed by the schedule's name. */
  readonly cron?: string
  /** Period of at least 1 s, counted from `anchor` on the line of real time: no drift, not moved by a change of clocks. */
  readonly every?: Duration
  /** Where the periods of `every` begin. Default: the epoch, so that `'15m'` falls on the quarters of the hour in UTC. */
  readonly anchor?: Date | number | string
  /** Once: a Date, epoch milliseconds, or ISO 8601 text; text without an offset is read in the schedule's time zone. */
  readonly at?: Date | number | string
  /** IANA name. */
  readonly timezone?: string
}

/** What a file keeps of a spec. Plain JSON; whatever was implied is written out. */
export type ScheduleRecord =
  | { readonly kind: 'cron'; readonly expression: string; readonly timezone: string }
  | { readonly kind: 'every'; readonly milliseconds: number; readonly anchor: number }
  | { readonly kind: 'at'; readonly time: number }

export interface ParsedSchedule {
  readonly name: string
  readonly record: ScheduleRecord
  /** The first slot strictly after `after` (epoch ms); null when there is none. */
  next(after: number): Slot | null
}

const SHORTEST_PERIOD = 1_000
const LATEST_DATE = 8_640_000_000_000_000

/**
 * Checks a spec where it is declared.
 *
 * @param name the schedule's name, the seed of `H`
 * @param defaults `timezone` for a spec that names none
 * @throws {InvalidSchedule} with the name, the value and the reason
 */
export function parseSchedule(
  name: string,
  spec: ScheduleSpec,
  defaults: { readonly timezone: string },
): ParsedSchedule {
  if (typeof name !== 'string' || name === '') {
    throw new InvalidSchedule(`A schedule's name is a text that is not empty, not ${showValue(name)}`)
  }
  const given = (['cron', 'every', 'at'] as const).filter((key) => spec[key] !== undefined)
  if (given.length !== 1) {
    const found = given.length === 0 ? 'none of them' : given.join(' and ')
    refuse(name, `give exactly one of cron, every and at; found ${found}`)
  }
  const { cron, every, at, anchor, timezone = defaults.timezone } = spec
  const zone = zoneOf(name, timezone)
  if (anchor !== undefined && every === undefined) refuse(name, 'anchor belongs to every')
  let record: ScheduleRecord
  if (cron !== undefined) {
    if (typeof cron !== 'string') refuse(name, `cron is a text, not ${showValue(cron)}`)
    compileCron(cron, name)
    record = { kind: 'cron', expression: normalizeCron(cron), timezone }
  } else if (every !== undefined) {
    const start = anchor === undefined ? 0 : instantOf(name, 'anchor', anchor, zone)
    record = { kind: 'every', milliseconds: periodOf(name, every), anchor: start }
  } else {
    record = { kind: 'at', time: instantOf(name, 'at', at, zone) }
  }
  return withNext(name, record)
}

/**
 * Makes a schedule again from its record, which may come from a file written by anyone.
 *
 * @throws {InvalidSchedule} when the record is not one that `parseSchedule` makes
 */
export function restoreSchedule(name: string, record: unknown): ParsedSchedule {
  const fields: Readonly<Record<string, unknown>> = { ...(record as object | null) }
  switch (fields.kind) {
    case 'cron': {
      const { expression, timezone } = fields
      if (typeof expression !== 'string') refuse(name, `the stored cron is ${showValue(expression)}`)
      compileCron(expression, name)
      zoneOf(name, timezone)
      return withNext(name, { kind: 'cron', expression, timezone: timezone as string })
    }
    case 'every': {
      const { milliseconds, anchor } = fields
      const period = periodOf(name, milliseconds)
      return withNext(name, { kind: 'every', milliseconds: period, anchor: storedInstant(name, 'anchor', anchor) })
    }
    case 'at':
      return withNext(name, { kind: 'at', time: storedInstant(name, 'time', fields.time) })
    default:
      return refuse(name, `the stored record is ${showValue(record)}`)
  }
}

/**
 * The first slot strictly after an instant. Costs a parse at first use, later one step of calendar arithmetic.
 *
 * @param record of `parseSchedule`
 * @param name the schedule's name, the seed of `H`
 * @param after epoch milliseconds; for `cron`, instants before 1970 count as 1970
 * @returns null when the schedule never fires again
 * @throws {InvalidSchedule} when the record names a zone or an expression that cannot be read
 */
export function nextSlot(record: ScheduleRecord, name: string, after: number): Slot | null {
  if (Number.isNaN(after)) throw new RangeError('nextSlot: `after` is NaN')
  switch (record.kind) {
    case 'cron':
      return nextCronSlot(compileCron(record.expression, name), zoneOf(name, record.timezone), after)
    case 'every': {
      const { milliseconds, anchor } = record
      const from = Math.max(Math.floor(after), -LATEST_DATE)
      // Remainders are exact where the quotient of two large numbers may be rounded up to the next slot but one.
      const since = (((from - anchor) % milliseconds) + milliseconds) % milliseconds
      const at = from - since + milliseconds
      return at <= LATEST_DATE ? { at, movedByDst: false } : null
    }
    case 'at':
      return record.time > after ? { at: record.time, movedByDst: false } : null
  }
}

/** What is known of a time that is a slot: whether the clocks moved it there. Looks at the calendar only where they changed. */
export function slotAt(record: ScheduleRecord, name: string, at: number): Slot {
  if (record.kind === 'cron' && zoneOf(name, record.timezone).nextChange(at - 1, at) !== null) {
    const slot = nextSlot(record, name, at - 1)
    if (slot?.at === at) return slot
  }
  return { at, movedByDst: false }
}

/**
 * The last slot in (after, until], or null when there is none: what is left to do after a long pause.
 * Takes some fifty steps, however many slots lie between.
 */
export function latestSlot(record: ScheduleRecord, name: string, after: number, until: number): Slot | null {
  let latest = nextSlot(record, name, after)
  if (latest === null || latest.at > until) return null
  // `latest` is a slot in reach; there is none in (beyond, until].
  let beyond = Math.min(until, LATEST_DATE)
  while (latest.at < beyond) {
    const middle: number = latest.at + Math.floor((beyond - latest.at) / 2)
    const slot = nextSlot(record, name, middle)
    if (slot !== null && slot.at <= until) latest = slot
    else if (middle === latest.at) break
    else beyond = middle
  }
  return latest
}

/**
 * How many slots lie in (after, until]. Takes a step for each day of a cron entry, not for each slot.
 * @throws {InvalidSchedule} when the record names a zone or an expression that cannot be read
 */
export function countSlots(record: ScheduleRecord, name: string, after: number, until: number): number {
  if (until <= after) return 0
  switch (record.kind) {
    case 'cron':
      return countCronSlots(compileCron(record.expression, name), zoneOf(name, record.timezone), after, until)
    case 'every': {
      const { milliseconds, anchor } = record
      return Math.floor((until - anchor) / milliseconds) - Math.floor((after - anchor) / milliseconds)
    }
    case 'at':
      return record.time > after && record.time <= until ? 1 : 0
  }
}

/**
 * A moment as a schedule's options take it: a Date, epoch milliseconds, or ISO 8601 text, which without an offset is read
 * in the time zone.
 * @throws {InvalidSchedule}
 */
export function readMoment(name: string, option: string, value: unknown, timezone: string): number {
  return instantOf(name, option, value, zoneOf(name, timezone))
}

function withNext(name: string, record: ScheduleRecord): ParsedSchedule {
  return { name, record: Object.freeze(record), next: (after) => nextSlot(record, name, after) }
}

function refuse(name: string, reason: string, cause?: unknown): never {
  const message = `Schedule ${showValue(name)}: ${reason}`
  throw cause === undefined ? new InvalidSchedule(message) : new InvalidSchedule(message, { cause })
}

function zoneOf(name: string, timezone: unknown): TimeZone {
  const zone = typeof timezone === 'string' ? timeZone(timezone) : null
  return (
    zone ?? refuse(name, `${showValue(timezone)} is no time zone; give an IANA name such as 'Europe/Madrid' or 'UTC'`)
  )
}

function periodOf(name: string, every: unknown): number {
  let milliseconds: number
  try {
    milliseconds = toMilliseconds(every, 'every')
  } catch (error) {
    return refuse(name, error instanceof Error ? error.message : 'every is not a duration', error)
  }
  if (milliseconds < SHORTEST_PERIOD) {
    refuse(name, `every is ${showValue(every)}; the shortest period is ${formatDuration(SHORTEST_PERIOD)}`)
  }
  if (!Number.isInteger(milliseconds)) refuse(name, `every is ${showValue(every)}; give whole milliseconds`)
  return milliseconds
}

function storedInstant(name: string, field: string, value: unknown): number {
  if (Number.isInteger(value) && Math.abs(value as number) <= LATEST_DATE) return value as number
  return refuse(name, `the stored ${field} is ${showValue(value)}`)
}

const ISO = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(Z|[+-]\d\d:?\d\d)?)?$/

function instantOf(name: string, option: string, value: unknown, zone: TimeZone): number {
  let time = Number.NaN
  if (typeof value === 'number') time = Math.trunc(value)
  else if (typeof value === 'string') time = readInstant(value, zone)
  else if (value instanceof Date) time = value.getTime()
  if (Math.abs(time) <= LATEST_DATE) return time === 0 ? 0 : time
  const allowed = "a Date, epoch milliseconds, or a text such as '2026-03-01T09:00' or '2026-03-01T09:00Z'"
  return refuse(name, `${option} is ${showValue(value)}; give ${allowed}`)
}

/** NaN for a text that is no date; `Date.parse` would read one without an offset in the host's zone. */
function readInstant(text: string, zone: TimeZone): number {
  const parts = ISO.exec(text)
  if (parts === null) return Number.NaN
  const [year, month, day, hour, minute, second] = parts.slice(1, 7).map((part) => Number(part ?? 0)) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  const milliseconds = Number((parts[7] ?? '').padEnd(3, '0').slice(0, 3))
  const wall = Date.UTC(year, month - 1, day, hour, minute, second, milliseconds)
  const real = new Date(wall)
  // 30 February rolls over into March.
  if (real.getUTCMonth() !== month - 1 || real.getUTCDate() !== day || hour > 23 || minute > 59 || second > 59) {
    return Number.NaN
  }
  if (year < 1970) return Number.NaN
  const offset = parts[8]
  if (offset === undefined) return zone.instantOf(wall).at
  if (offset === 'Z') return wall
  const [hours, minutes] = [Number(offset.slice(1, 3)), Number(offset.slice(-2))]
  if (hours > 23 || minutes > 59) return Number.NaN
  return wall - (offset.startsWith('-') ? -1 : 1) * (hours * 60 + minutes) * 60_000
}
