import type { Progress } from './worker/task-context.ts'

interface JobEvent {
  /** The job's id. */
  id: string
  /** The task's name. */
  task: string
  at: Date
}

/** What an app tells its listeners. Only what the process's own engine does is told. */
export interface EventMap {
  'task-sent': JobEvent & { queue: string }
  'task-started': JobEvent & { queue: string; attempt: number }
  'task-progress': JobEvent & { queue: string; attempt: number; progress: Progress }
  /** `runtime` is in ms. */
  'task-succeeded': JobEvent & { queue: string; attempt: number; runtime: number }
  'task-failed': JobEvent & { error: Error | null }
  'task-retried': JobEvent & { queue: string; attempt: number; error: Error | null }
  'task-revoked': JobEvent & { queue: string }
  'task-expired': JobEvent & { queue: string }
  /** This process began to consume the file. */
  'worker-online': { key: string; pid: number; at: Date }
  /** This process left the file, or found that another one had died. */
  'worker-offline': { key: string; pid: number; at: Date }
  'schedule-fired': { schedule: string; slot: Date; id: string; at: Date }
  /** A slot that did not fire; after a long downtime one event for `slots` of them, the oldest being `slot`. */
  'schedule-missed': {
    schedule: string
    slot: Date
    outcome: 'missed' | 'skipped' | 'coalesced'
    slots: number
    at: Date
  }
  /** The engine thread ended by itself; the app is stopped. */
  'engine-crashed': { error: Error; at: Date }
}

export type EventName = keyof EventMap

export const EVENT_NAMES: readonly EventName[] = [
  'task-sent',
  'task-started',
  'task-progress',
  'task-succeeded',
  'task-failed',
  'task-retried',
  'task-revoked',
  'task-expired',
  'worker-online',
  'worker-offline',
  'schedule-fired',
  'schedule-missed',
  'engine-crashed',
]
