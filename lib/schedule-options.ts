import type { Duration } from './domain/duration.ts'
import { parseSchedule } from './domain/schedule-spec.ts'
import { InvalidSchedule } from './errors.ts'
import { booleanOr, nameOf, oneOf, optionsOf } from './options/check.ts'
import { Signature } from './signature.ts'
import type { ScheduleDeclaration, ScheduledJob } from './wire/messages.ts'

/** When a task runs by itself: exactly one of `cron`, `every` and `at`. */
export interface ScheduleOptions {
  /** 5 or 6 fields, `@daily` …; `H` spreads by the schedule's name. */
  cron?: string
  /** Fixed period, anchored: it does not drift, and survives restarts. At least 1 s. */
  every?: Duration
  /** Once: a Date, epoch milliseconds or an ISO text. */
  at?: Date | number | string
  /** IANA time zone of `cron`. Default: the app's. */
  timezone?: string
  /** The call to make, such as `generateReport.s()`. */
  run: Signature
  /** What becomes of slots that nobody was there for: one run for the latest, none, or one each. Default `'once'`. */
  misfire?: 'once' | 'skip' | 'all'
  /** What becomes of a slot while the run before it has not ended. Default `'queueOne'`: at most one waits. */
  overlap?: 'allow' | 'skip' | 'queueOne'
  /** Declared, but not firing. Default false. */
  paused?: boolean
}

const KEYS = ['cron', 'every', 'at', 'timezone', 'run', 'misfire', 'overlap', 'paused'] as const

/**
 * Checks a schedule where it is declared.
 * @throws InvalidSchedule, InvalidOption
 */
export function scheduleDeclaration(
  name: unknown,
  options: unknown,
  timezone: string,
  jobOf: (signature: Signature) => ScheduledJob,
): ScheduleDeclaration {
  const checked = nameOf(name, 'schedule name')
  const where = `schedule "${checked}"`
  const given = optionsOf(options, where, KEYS) as unknown as ScheduleOptions
  if (!(given.run instanceof Signature))
    throw new InvalidSchedule(`${where}: run must be a signature, such as task.s() — it says what to run`)
  const { cron, every, at } = given
  const spec = {
    ...(cron !== undefined && { cron }),
    ...(every !== undefined && { every }),
    ...(at !== undefined && { at }),
    timezone: given.timezone ?? timezone,
  }
  return {
    name: checked,
    spec: JSON.stringify(parseSchedule(checked, spec, { timezone }).record),
    misfire: oneOf(given.misfire, `${where}: misfire`, ['once', 'skip', 'all'] as const, 'once'),
    overlap: oneOf(given.overlap, `${where}: overlap`, ['allow', 'skip', 'queueOne'] as const, 'queueOne'),
    paused: booleanOr(given.paused, `${where}: paused`, false),
    job: jobOf(given.run),
  }
}
