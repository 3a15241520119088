/** What the processes of a run declare, for the library and for the model alike. Times are in milliseconds. */
import type { Misfire } from '../../../lib/domain/schedule-rules.ts'

export const SECOND = 1_000
export const MINUTE = 60 * SECOND
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR
/** Where a run's time begins. */
export const T0 = Date.UTC(2026, 0, 1)

export const PROCESSES = 3
export const QUEUES = ['a', 'b'] as const
/** Most jobs of a queue at once. */
export const QUEUE_LIMITS: Readonly<Record<string, number>> = { b: 3 }

export interface TaskSetting {
  /** Most jobs at once. */
  limit?: number
  /** Most starts in any window of 10 s. */
  rate?: number
  /** The rate counts for each key. */
  keyed?: true
  onCrash?: 'fail'
}

export const WINDOW = 10 * SECOND
export const TASKS: Readonly<Record<string, TaskSetting>> = {
  plain: {},
  few: { limit: 2 },
  fragile: { onCrash: 'fail' },
  keyed: {},
  once: {},
  rated: { rate: 2 },
  metered: { rate: 2, keyed: true, onCrash: 'fail' },
  tick: {},
}

export interface ScheduleSetting {
  misfire: Misfire
  overlap: 'allow' | 'skip' | 'queueOne' | 'cancelRunning'
  /** How long after its slot a job expires; null for never. */
  expiresIn: number | null
}

export const EVERY = 10 * MINUTE
export const MOST_CATCHUP = 3
export const SCHEDULES: Readonly<Record<string, ScheduleSetting>> = {
  all: { misfire: 'all', overlap: 'allow', expiresIn: 5 * MINUTE },
  cancel: { misfire: 'once', overlap: 'cancelRunning', expiresIn: null },
  queue: { misfire: 'all', overlap: 'queueOne', expiresIn: null },
  skip: { misfire: 'skip', overlap: 'skip', expiresIn: 15 * MINUTE },
}

/** How long what has ended is kept. */
export const KEPT = { SUCCESS: HOUR, FAILURE: DAY, REVOKED: 10 * MINUTE, EXPIRED: 2 * HOUR }

export const METERS = ['rate\nmetered\nk0', 'rate\nmetered\nk1'] as const

/** What counts against a rate, with the rate. */
export const BUCKETS: readonly { bucket: string; task: string; limit: number }[] = [
  { bucket: 'task:rated', task: 'rated', limit: 2 },
  ...METERS.map((bucket) => ({ bucket, task: 'metered', limit: 2 })),
]
