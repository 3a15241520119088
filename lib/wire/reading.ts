/** What a reader of the file is told: plain data, times in epoch ms. */
import type { State } from '../domain/states.ts'
import type { StoredJob } from './messages.ts'

export interface FileSize {
  path: string
  /** Bytes of the database file. */
  bytes: number
  /** Bytes of the write-ahead log beside it. */
  walBytes: number
  /** Bytes inside the file that hold nothing; `vacuum` hands them back. */
  freeBytes: number
}

export interface Overview {
  at: number
  /** Jobs in the file by state, every state named. */
  states: Record<State, number>
  /** When the job that has waited longest became due, or null when none waits. */
  oldestWaiting: number | null
  /** Processes that consume the file and answer, and the threads they may open. */
  workers: number
  threads: number
  /** Processes that are dead or hung, and whose jobs nobody has taken over yet. */
  silent: number
  /** Jobs that were enqueued by this time may have been pruned; 0 when none was. */
  prunedUntil: number
  file: FileSize
}

/** What ended in a span of time, of the tasks and queues asked for. Times in ms. */
export interface Throughput {
  /** Begin of the span. */
  at: number
  success: number
  failure: number
  revoked: number
  expired: number
  /** Attempts that failed and were followed by another. */
  retries: number
  /** Threads and processes that died under a job. */
  crashes: number
  /** Run time of attempts that succeeded or failed; null where there was none. */
  run: Quantiles | null
  /** From when a job was due to when it began. */
  wait: Quantiles | null
}

/** What ended lately, altogether and by task. */
export interface Recent {
  all: Throughput
  /** The busiest first. */
  tasks: (Throughput & { task: string })[]
}

/** Estimated from the buckets of a histogram. */
export interface Quantiles {
  count: number
  mean: number
  p50: number
  p95: number
  p99: number
}

/** What has ended since the file was made, still in it or not, of one task in one queue. */
export interface Totals {
  task: string
  queue: string
  success: number
  failure: number
  revoked: number
  expired: number
  retries: number
  crashes: number
  /** Sum of run times in ms, and how many of them lie in each bucket of `bounds`, and above the last. */
  runMs: number
  run: number[]
  waitMs: number
  wait: number[]
}

/** Numbers of the file for monitoring, over all processes. */
export interface Measures {
  at: number
  states: Record<State, number>
  totals: Totals[]
  /** Upper bounds of the buckets of `totals`, in ms; one more bucket holds what is longer. */
  bounds: readonly number[]
  queues: QueueDepth[]
  /** Processes that consume the file and answer. */
  workers: number
  /** Every process on the file, the silent ones included. */
  processes: ProcessLine[]
  file: FileSize
}

export interface ThroughputQuestion {
  /** How far back, in minutes; at most 2,880. Default 60. */
  minutes?: number
  /** Length of a span in minutes. Default 1. */
  step?: number
  task?: string
  queue?: string
}

export interface QueueTask {
  task: string
  pending: number
  running: number
  /** Whether a live process declares it. */
  handled: boolean
}

export interface QueueDepth {
  queue: string
  /** Due jobs that wait for a thread. */
  pending: number
  running: number
  /** When the oldest of the next thousand jobs of each task became due, or null when none waits. */
  oldest: number | null
  tasks: QueueTask[]
}

/** What somebody ordered for a queue or task, and holds in all processes. */
export interface OrderLine {
  kind: 'queue' | 'task'
  name: string
  /** Since when it is paused, or null. */
  pausedAt: number | null
  /** Such as `'10/s'`; `'none'` for no limit, null for the declared one. */
  rate: string | null
}

/** A job without its payloads. */
export interface JobLine {
  id: string
  task: string
  queue: string
  state: State
  attempt: number
  enqueuedAt: number
  startedAt: number | null
  finishedAt: number | null
}

/** A job that a process has claimed. */
export interface RunningLine extends JobLine {
  /** Of its process: from 1 those of the pool, 0 its own; null of one that waits behind another, or when it is not known. */
  thread: number | null
}

export interface JobDetail {
  job: StoredJob
  log: { at: number; level: string; text: string }[]
  /** Jobs that it enqueued, the first hundred. */
  children: JobLine[]
}

/** What a process says of itself every ten seconds. */
export interface Vitals {
  /** Resident, of the whole process, in bytes. */
  memory: number
  /** Pool threads that are open, those among them that run jobs, and those that are stuck in native code. */
  threads: number
  busy: number
  stuck: number
  /** Threads that ended since the start and were replaced: at a limit, by force, with a crash, or after their share. */
  restarts: number
  /** The latest that the engine's event loop was within the ten seconds, in ms. */
  engineDelay: number
  /** The same of the application's own; null until it is known. */
  appDelay: number | null
}

/** A process on the file. */
export interface ProcessLine {
  key: string
  app: string
  host: string
  pid: number
  role: string
  /** Whether it holds the lock that a death would have freed; a dead one is listed until its jobs are taken over. */
  alive: boolean
  /** When it last showed that it lives, of one that is dead or hung; null of one that answers. */
  silentSince: number | null
  vitals: Vitals
}

export interface WorkerLine extends ProcessLine {
  /** Most threads it may open. */
  threads: number
  startedAt: number
  /** When it last showed that it lives. */
  beatAt: number
  tasks: string[]
  /** What it has claimed and not settled, the longest running first. */
  running: RunningLine[]
}

export interface ScheduleLine {
  name: string
  /** JSON of the schedule's record. */
  spec: string
  /** JSON of the rules that differ from the defaults, or null. */
  rules: string | null
  /** Slots that fired since it has had its present times. */
  runs: number
  /** Whether it was changed at run time, and keeps that. */
  edited: boolean
  task: string
  queue: string
  misfire: string
  overlap: string
  paused: boolean
  /** Whether the running code declares it. */
  declared: boolean
  nextSlot: number | null
  lastSlot: number | null
  /** JSON of the error that keeps it from firing, or null. */
  error: string | null
  /** Its last slots, the latest first. */
  ledger: { slot: number; outcome: string; jobId: string | null }[]
}

/** Something that happened to a job, a process or a schedule, seen from the file. Names are those of `app.on()`. */
export interface Change {
  event: string
  at: number
  /** Of the job. */
  id?: string
  task?: string
  queue?: string
  attempt?: number
  /** The error's message. */
  error?: string
  schedule?: string
  /** Of a process. */
  key?: string
  pid?: number
}

/** Where a follower stands. Opaque: hand back what was given. */
export interface ChangeCursor {
  seq: number
  ended: number
  jobs: [seq: number, state: State, attempt: number][]
  processes: [id: number, key: string, pid: number][]
}

/** Whether something happened, without what. */
export interface Pulse {
  /** Another text once a job was stored, began, ended or failed, a process came or went, or something was paused or limited. */
  mark: string
  /** Jobs that run. */
  running: number
}

export interface Changes {
  /** In order of time. */
  changes: Change[]
  /** Jobs that ended between two looks and are not among `changes`, because there were too many. */
  skipped: number
  cursor: ChangeCursor
}
