import { type Duration, formatDuration } from './domain/duration.ts'
import { DEFAULT_RULES, nextOf, type ScheduleRules, writeRules } from './domain/schedule-rules.ts'
import { parseSchedule, readMoment, type ScheduleRecord } from './domain/schedule-spec.ts'
import { InvalidSchedule } from './errors.ts'
import { booleanOr, durationOr, integerOr, nameOf, oneOf, optionsOf } from './options/check.ts'
import { Signature } from './signature.ts'
import type { ScheduleDeclaration, ScheduledJob } from './wire/messages.ts'

/** When a task runs by itself: exactly one of `cron`, `every` and `at`. */
export interface ScheduleOptions {
  /** 5 or 6 fields, `@daily` …, or `crontab({ … })`; `H` spreads by the schedule's name. */
  cron?: string
  /** Fixed period, anchored at `start` or else at the epoch: it does not drift, and survives restarts. At least 1 s. */
  every?: Duration
  /** Once: a Date, epoch milliseconds or an ISO text. */
  at?: Date | number | string
  /** IANA time zone of `cron`, and of `at`, `start` and `end` as texts. Default: the app's. */
  timezone?: string
  /** The call to make, such as `generateReport.s()`. */
  run: Signature
  /** What becomes of slots that nobody was there for: one run for the latest, none, or one each. Default `'once'`. */
  misfire?: 'once' | 'skip' | 'all'
  /** A missed slot older than this does not run, whatever `misfire` says. Default: no limit. */
  catchupWindow?: Duration
  /** Most missed slots that `misfire: 'all'` runs, the latest ones; 1 to 10,000. Default 100. */
  maxCatchup?: number
  /**
   * What becomes of a slot while the run before it has not ended: it waits, in place of another that waits (`'queueOne'`, the
   * default), is left out, fires all the same, or ends that run and fires when it has ended.
   */
  overlap?: 'allow' | 'skip' | 'queueOne' | 'cancelRunning'
  /** Fires up to this much after the slot's time, the same for all processes; `scheduledFor` stays the nominal time. Default none. */
  jitter?: Duration
  /** No slot before: a Date, epoch milliseconds or an ISO text. The periods of `every` begin there. Default none. */
  start?: Date | number | string
  /** No slot after. Default none. */
  end?: Date | number | string
  /** Slots that fire before the schedule has done its work. Default: no limit. */
  maxRuns?: number
  /** Declared, but not firing. Default false. */
  paused?: boolean
}

const KEYS = [
  'cron',
  'every',
  'at',
  'timezone',
  'run',
  'misfire',
  'catchupWindow',
  'maxCatchup',
  'overlap',
  'jitter',
  'start',
  'end',
  'maxRuns',
  'paused',
] as const

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
  const zone = given.timezone ?? timezone
  const start = given.start === undefined ? null : readMoment(checked, 'start', given.start, zone)
  const spec = {
    ...(cron !== undefined && { cron }),
    ...(every !== undefined && { every }),
    ...(at !== undefined && { at }),
    ...(every !== undefined && start !== null && { anchor: start }),
    timezone: zone,
  }
  const { record } = parseSchedule(checked, spec, { timezone })
  const rules = rulesOf(checked, { ...given, start }, record, zone)
  if (nextOf({ name: checked, record, rules }, Number.NEGATIVE_INFINITY) === null) {
    const { end } = rules
    throw new InvalidSchedule(
      `${where} never fires: it has no slot${end === null ? '' : ` up to its end, ${new Date(end).toISOString()}`}`,
    )
  }
  return {
    name: checked,
    spec: JSON.stringify(record),
    rules: writeRules(rules),
    misfire: oneOf(given.misfire, `${where}: misfire`, ['once', 'skip', 'all'] as const, 'once'),
    overlap: oneOf(
      given.overlap,
      `${where}: overlap`,
      ['allow', 'skip', 'queueOne', 'cancelRunning'] as const,
      'queueOne',
    ),
    paused: booleanOr(given.paused, `${where}: paused`, null),
    job: jobOf(given.run),
  }
}

function rulesOf(
  name: string,
  given: Omit<ScheduleOptions, 'start'> & { start: number | null },
  record: ScheduleRecord,
  zone: string,
): ScheduleRules {
  const where = `schedule "${name}"`
  const jitter = durationOr(given.jitter, `${where}: jitter`, DEFAULT_RULES.jitter)
  if (record.kind === 'every' && jitter >= record.milliseconds) {
    throw new InvalidSchedule(
      `${where}: jitter is ${formatDuration(jitter)}, and the period ${formatDuration(record.milliseconds)} — give less than the period`,
    )
  }
  const { start } = given
  const end = given.end === undefined ? null : readMoment(name, 'end', given.end, zone)
  if (start !== null && end !== null && end < start)
    throw new InvalidSchedule(
      `${where}: end (${new Date(end).toISOString()}) lies before start (${new Date(start).toISOString()})`,
    )
  return {
    catchupWindow: durationOr(given.catchupWindow, `${where}: catchupWindow`, DEFAULT_RULES.catchupWindow),
    maxCatchup: integerOr(given.maxCatchup, `${where}: maxCatchup`, DEFAULT_RULES.maxCatchup, 1, 10_000),
    jitter,
    start,
    end,
    maxRuns: integerOr(given.maxRuns, `${where}: maxRuns`, DEFAULT_RULES.maxRuns, 1),
  }
}
