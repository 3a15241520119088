/** Everything that crosses a thread boundary. Rows on hot paths are tuples: cloning an object costs its key names each time. */
import type { FilterTerms } from '../domain/job-filter.ts'
import type { Rate } from '../domain/rate.ts'
import type { RetryData } from '../domain/retry.ts'
import type { State } from '../domain/states.ts'
import type { UniqueRule } from '../domain/unique.ts'
import type { Codec, Payload } from './codec.ts'
import type { PlainRun, Successes } from './columns.ts'
import type { WireError } from './error-codec.ts'
import type { Incident } from './incident.ts'
import type { LineName } from './obstacle.ts'
import type { PackedJobs } from './packed.ts'
import type { GateKeys, StoredOptions } from './stored-options.ts'

export type { PlainRun, Successes } from './columns.ts'
export type { GateKeys, StoredLink, StoredOptions } from './stored-options.ts'

/** A job as events tell of it. */
export interface NamedJob {
  id: string
  task: string
  queue: string
}

/** What a transaction stored, and what ended by that. */
export interface StoredNow {
  sent: NamedJob[]
  ended: NamedJob[]
}

/** Jobs that share everything but id and arguments. */
export interface EnqueueBatch {
  task: string
  queue: string
  priority: number
  /** Epoch ms of the earliest start, or null for at once. */
  runAt: number | null
  /** Epoch ms after which the job must not begin. */
  expiresAt: number | null
  maxAttempts: number
  codec: Codec
  /** `StoredOptions` as JSON, or null. */
  options: string | null
  parentId: string | null
  rootId: string | null
  /** Whether the ids were chosen by the caller and may be stored already. */
  chosen: boolean
  /** Absent for jobs that may be stored any number of times. */
  unique?: UniqueRule
  /** With `unique`: the key of each job. */
  keys?: string[]
  /** What bounds the jobs that share a concurrency key. */
  concurrency?: { limit: number; discard: boolean }
  /** What bounds the starts of the jobs that share a rate's key. */
  rate?: Rate
  ids: string[]
  args: (string | Uint8Array)[]
  gateKeys?: GateKeys
}

/** What jobs of one call have in common. Calls that share the object share a batch; one that is frozen is what a task's plain calls share. */
export type JobShape = Omit<EnqueueBatch, 'ids' | 'args' | 'keys' | 'gateKeys'>

/** A job that was not stored, and the one that was there. `refused` when its caller wanted an error then. */
export type Duplicate = [id: string, existing: string, refused: boolean]

/** What a thread needs to run a job. Order is the order of the claim statement's columns after `position`. */
export type RunRow = [
  position: number,
  token: number,
  id: string,
  task: string,
  queue: string,
  attempt: number,
  maxAttempts: number,
  crashes: number,
  enqueuedAt: number,
  scheduledFor: number | null,
  parentId: string | null,
  rootId: string | null,
  codec: Codec,
  options: string | null,
  args: string | Uint8Array,
]

/** How one execution ended. `body` is the encoded result, the error, or the delay. */
export type Outcome =
  | [kind: 'success', position: number, startedAt: number, milliseconds: number, result: Payload]
  | [kind: 'failure', position: number, startedAt: number, milliseconds: number, error: WireError]
  | [kind: 'retry', position: number, startedAt: number, milliseconds: number, error: WireError, delay: number]
  | [kind: 'snooze', position: number, startedAt: number, milliseconds: number, delay: number]
  | [kind: 'rate-limited', position: number, startedAt: number, milliseconds: number, delay: number]
  /** The function ended; the job had ended before, in its own transaction. */
  | [kind: 'committed', position: number, startedAt: number, milliseconds: number, nothing: null]

/** A part of the log of one attempt, of which it counts the parts; `lines` is as it is stored. */
export type LogChunk = [position: number, part: number, lines: string]

/** What a client (the application, or a task in a pool thread) asks of the engine. */
export type Request =
  /** @param remember the shape of the only batch, which is called by its number from then on */
  | { type: 'enqueue'; request: number; batches: EnqueueBatch[]; remember?: true; packed?: (PackedJobs | null)[] }
  | { type: 'ask'; request: number; question: Question }
  | { type: 'wait'; ids: string[] }
  | { type: 'unwait'; id: string }
  | { type: 'watch'; id: string }
  | { type: 'unwatch'; id: string }

export type Question =
  | { about: 'job'; id: string }
  | { about: 'state'; id: string }
  | { about: 'revoke'; id: string; terminate: boolean; reason: string | null }
  | { about: 'revoke-all'; jobs: string[] | FilterTerms; terminate: boolean; reason: string | null }
  | { about: 'retry'; id: string }
  | { about: 'retry-all'; jobs: string[] | FilterTerms }
  | { about: 'command'; verb: Verb; args: CommandArgs; to: CommandTarget; timeout: number }
  | { about: 'count'; terms: FilterTerms; after: number | null }
  | { about: 'forget'; id: string }
  | { about: 'log'; id: string }
  | { about: 'worker'; key: string }
  | { about: 'active' | 'reserved' | 'scheduled' | 'stats' | 'queues' | 'workers' | 'ping' | 'handlers' | 'drained' }
  | { about: 'jobs'; terms: FilterTerms; limit: number; after: number | null }
  /** Without a name: every queue and task. */
  | { about: 'pause'; line: LineName | null; paused: boolean }
  | { about: 'paused' }
  /** `null` for the rate that the code declares. */
  | { about: 'rate-limit'; line: LineName; rate: Rate | 'none' | null }
  | { about: 'obstacle'; id: string }
  | { about: 'schedules' }
  | { about: 'schedule'; name: string }
  | { about: 'set-schedule'; schedule: ScheduleDeclaration }
  | { about: 'pause-schedule'; name: string; paused: boolean }
  | { about: 'remove-schedule'; name: string }
  | { about: 'reset-schedule'; name: string }
  | { about: 'trigger-schedule'; name: string; id: string }
  | { about: 'audit-begin'; user: string; action: string; target: string }
  | { about: 'audit-end'; seq: number; outcome: string }
  | { about: 'audit'; limit: number }
  | { about: 'ledger'; name: string; from: number | null; to: number | null; limit: number }

/** What one process may ask of another. */
export type Verb = 'ping' | 'active' | 'reserved' | 'stats' | 'pool' | 'shutdown'

/** `threads` of pool; `drain` and `grace` of shutdown, in ms. */
export interface CommandArgs {
  threads?: number
  drain?: number
  grace?: number
}

/** Every live process, the one that asks, or those with these keys. */
export type CommandTarget = 'all' | 'own' | string[]

/** What one process answered. */
export interface WorkerAnswer {
  /** The process's key. */
  worker: string
  pid: number
  host: string
  value: unknown
  error: WireError | null
}

/** A schedule as the engine keeps it: the spec as data, and the job that each slot stores. */
export interface ScheduleDeclaration {
  name: string
  /** JSON of the spec record. */
  spec: string
  /** JSON of the rules that differ from the default, or null. */
  rules: string | null
  misfire: 'once' | 'skip' | 'all'
  overlap: 'allow' | 'skip' | 'queueOne' | 'cancelRunning'
  /** Null when nothing is said: a schedule that exists stays as it is. */
  paused: boolean | null
  job: ScheduledJob
}

export type ScheduledJob = Omit<
  EnqueueBatch,
  'ids' | 'args' | 'runAt' | 'expiresAt' | 'parentId' | 'rootId' | 'chosen'
> & {
  args: string | Uint8Array
  /** Milliseconds after the slot within which the job must begin, or null. */
  expiresIn: number | null
}

/** One try to run a job. */
export interface StoredAttempt {
  number: number
  outcome: 'success' | 'failure' | 'retry' | 'crash' | 'revoked' | 'running'
  startedAt: number | null
  endedAt: number | null
  worker: string | null
  /** Of its process: from 1 those of the pool, 0 its own; null where it is not known. */
  thread: number | null
  error: WireError | null
}

/** A job's row as a client sees it. */
export interface StoredJob {
  id: string
  task: string
  queue: string
  state: State
  priority: number
  enqueuedAt: number
  runAt: number | null
  expiresAt: number | null
  attempt: number
  maxAttempts: number
  crashes: number
  startedAt: number | null
  finishedAt: number | null
  parentId: string | null
  rootId: string | null
  schedule: string | null
  scheduledFor: number | null
  worker: string | null
  /** Of the last attempt. */
  thread: number | null
  codec: Codec
  options: StoredOptions
  uniqueKey: string | null
  concurrencyKey: string | null
  concurrencyLimit: number | null
  /** The key that it waits for a place of. */
  blockedOn: string | null
  rateKey: string | null
  progress: string | null
  revokeReason: string | null
  error: WireError | null
  args: Payload
  result: Payload
  attempts: StoredAttempt[]
}

/** A page of a search, the newest job first. */
export interface StoredPage {
  jobs: StoredJob[]
  /** Where the next page begins; null when everything was looked at. */
  next: number | null
  /** When the newest job was enqueued that was not looked at, of a search that broke off; else null. */
  reached: number | null
}

/** How a job ended, as told to whoever waits for it. */
export type Settled = [
  state: 'SUCCESS' | 'FAILURE' | 'REVOKED' | 'EXPIRED' | 'UNKNOWN' | 'FORGOTTEN',
  task: string,
  codec: Codec,
  result: Payload,
  error: WireError | null,
]

/** What the engine tells a client. */
export type Reply =
  | { type: 'stored'; requests: number[]; duplicates: [request: number, duplicate: Duplicate][] }
  | { type: 'answer'; request: number; value: unknown }
  | { type: 'refused'; requests: number[]; error: WireError }
  | { type: 'settled'; ended: [id: string, settled: Settled][] }
  | { type: 'progress'; id: string; progress: string }

/** Only between the application thread and the engine. */
export type Command =
  | ({ type: 'start'; request: number } & StartOrder)
  | { type: 'stop'; request: number; drain: number; grace: number }
  /** Shortens what a stop that is under way still waits for. */
  | { type: 'hasten'; drain: number; grace: number }
  | { type: 'tasks'; tasks: TaskDeclaration[] }
  | { type: 'poke' }
  | { type: 'listen'; events: string[] }
  | MainReport
  /** How late the application's event loop was; null when it has only now begun to be watched. */
  | { type: 'loop-delay'; milliseconds: number | null }

/** What the application thread says of the jobs that it runs itself. */
export type MainReport =
  | { type: 'main-begun'; position: number; at: number }
  | { type: 'main-outcomes'; outcomes: Outcome[] }
  | { type: 'main-progress'; position: number; progress: string }
  | { type: 'main-logs'; chunks: LogChunk[] }

export type Role = 'all' | 'worker' | 'beat' | 'producer'

/** What an app takes up when it is started. */
export interface StartOrder {
  role: Role
  schedules: ScheduleDeclaration[]
  /** The only queues to consume, or null for all. */
  queues: string[] | null
  /** Paths to mask in arguments and results, for whoever reads the file without the app. */
  redact: readonly string[]
}

export interface TaskDeclaration {
  name: string
  runIn: 'thread' | 'main'
  onCrash: 'retry' | 'fail'
  /** Most jobs at once, over all processes; null for no limit. */
  concurrency: number | null
  /** `keyed`: counted for each key, and not for the task as a whole. */
  rate: (Rate & { keyed: boolean }) | null
  /** Milliseconds, or null for none. */
  timeLimit: number | null
  softTimeLimit: number | null
  /** The retry policy as data: what a job gets whose thread was terminated, and with it the policy's functions. */
  retry: RetryData | null
}

export interface StopReport {
  /** Jobs that finished during the drain. */
  finished: number
  /** Jobs handed back to the queue, their attempt not counted. */
  returned: number
  /** Running jobs whose thread had to be terminated; they are among `returned`. */
  killed: number
  /** Threads stuck in native code, when there are any: until it returns the process can only be ended by a signal. */
  stuck?: number
}

export type Notice =
  | { type: 'event'; name: string; event: Record<string, unknown> }
  /** @param tell whether it matters to the engine when the function is called */
  | { type: 'main-run'; row: RunRow; tell: boolean }
  | { type: 'stop-asked'; drain: number | null; grace: number | null }
  | { type: 'main-cancel'; position: number; error: WireError }
  | { type: 'fatal'; error: WireError }
  | { type: 'incident'; incident: Incident }
  | { type: 'loop-delay-asked' }

/** Engine to pool thread, over the lane's own port. */
export type LaneOrder =
  | { type: 'run'; runs: (RunRow | PlainRun)[] }
  | { type: 'cancel'; position: number; error: WireError }
  | Reply

/** Pool thread to engine, over the lane's own port. */
export type LaneReport =
  | { type: 'ready'; tasks: string[] }
  | { type: 'unfit'; error: WireError }
  /** With the log lines of these jobs and others. */
  | { type: 'outcomes'; outcomes: (Outcome | Successes)[]; logs: LogChunk[] | null }
  /** The job's own transaction ended it as SUCCESS; its function may still run. */
  | { type: 'committed'; position: number; milliseconds: number; followed: StoredNow | null }
  | { type: 'progress'; position: number; progress: string }
  | { type: 'logs'; chunks: LogChunk[] }
  | { type: 'tainted'; error: WireError }
  | Request

/** Engine to pool thread, the first message on the lane's port: what is known once the process is on the file. */
export interface Enlistment {
  begunFile: string
  /** The owner in this process's claims. */
  owner: number
}

/** What a pool thread is handed when its lane opens. */
export interface LaneOpening {
  port: import('node:worker_threads').MessagePort
  cells: Int32Array
  /** Number of the thread, from 1. */
  thread: number
  /** Position of the first job; positions go on when a thread is replaced in its slot. */
  position: number
  /** Steady milliseconds (`steadyNow`) that `BEGAN_CELL` counts from. */
  epoch: number
  app: AppIdentity
  modules: string[]
  maxPayload: number
  captureConsole: boolean
  /** Memory of the lane's `LogTail`. */
  logTail: SharedArrayBuffer
  /** What `currentTask().transaction()` needs: the file, and how it is synced. */
  database: string
  durability: 'full' | 'normal'
}

/** How a pool thread finds the application's app among those that its task modules create. */
export interface AppIdentity {
  name: string
  /** Index among the apps of the same name, in order of creation. */
  ordinal: number
}

/** Indices into a lane's shared cells. */
export const NEXT_CELL = 0
export const CANCEL_CELL = 1
/** Milliseconds from the lane's epoch to when the job of `BEGUN_CELL` began. */
export const BEGAN_CELL = 2
/** Position of the last job whose function was called, written after the time of it. */
export const BEGUN_CELL = 3
export const CELL_COUNT = 4

/** Room for the claims of one lane in the begun file; more than a lane ever holds outstanding. */
export const BEGUN_RING = 512
export const BEGUN_ENTRY_BYTES = 16
