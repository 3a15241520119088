import type { State } from '../../../lib/domain/states.ts'

/** A job as the model knows it. */
export interface ModelJob {
  /** Its id, or schedule and slot of one that a schedule stored. */
  key: string
  task: string
  queue: string
  priority: number
  state: State
  rank: number
  runAt: number | null
  expiresAt: number | null
  attempt: number
  maxAttempts: number
  crashes: number
  /** The process that runs it. */
  owner: number | null
  /** Tells its claims apart. */
  claim: number
  begun: boolean
  finishedAt: number | null
  parent: string | null
  schedule: string | null
  unique: { key: string; until: 'started' | 'finished' } | null
  place: Place | null
  /** What its starts count against. */
  bucket: string | null
  /** The last of them. */
  start: Start | null
  revokeAsked: boolean
}

/** A key of which only so many jobs wait or run at once. */
export interface Place {
  key: string
  limit: number
  discard: boolean
}

/** A job in the hands of a process. */
export interface Held {
  key: string
  claim: number
  crashes: number
  start: Start | null
  at: number
}

/** A start as it counts against a rate. */
export interface Start {
  bucket: string
  /** Who claimed the job, and when. */
  owner: number
  since: number
  /** Infinite for as long as it is not known when the function began. */
  at: number
  /** The process that claimed the job has said when. */
  told: boolean
}

/** Jobs that are enqueued together. */
export interface NewJobs {
  keys: string[]
  task: string
  queue: string
  priority: number
  delay: number | null
  expires: number | null
  maxAttempts: number
  parent: string | null
  unique: { keys: string[]; until: 'started' | 'finished'; onConflict: 'existing' | 'replace' | 'error' } | null
  place: Place | null
  meter: string | null
}

export type Ending = 'success' | 'failure' | 'retry' | 'snooze' | 'crash' | 'give-back'

const WAITING: ReadonlySet<State> = new Set<State>(['SCHEDULED', 'PENDING', 'BLOCKED', 'RETRY'])
const FINAL: ReadonlySet<State> = new Set<State>(['SUCCESS', 'FAILURE', 'REVOKED', 'EXPIRED'])

export const waits = ({ state }: ModelJob): boolean => WAITING.has(state)
export const isFinal = ({ state }: ModelJob): boolean => FINAL.has(state)
export const holdsPlace = ({ state }: ModelJob): boolean => state === 'PENDING' || state === 'STARTED'
/** Whether it keeps another of its unique key from being stored. */
export const holdsKey = (job: ModelJob): boolean =>
  job.unique !== null && !isFinal(job) && (!job.begun || job.unique.until === 'finished')
/** Its key has a rate of its own. */
export const isMetered = ({ bucket }: ModelJob): boolean => bucket?.startsWith('rate\n') === true
