import { redact } from './domain/redact.ts'
import type { State } from './domain/states.ts'
import { type Codec, decode, type Payload } from './wire/codec.ts'
import { fromWireError } from './wire/error-codec.ts'
import type { StoredJob } from './wire/messages.ts'
import { readProgress } from './wire/progress.ts'
import { UNREADABLE } from './wire/stored-json.ts'
import type { Progress } from './worker/task-context.ts'

/** One try to run a job. */
export interface AttemptInfo {
  number: number
  outcome: 'success' | 'failure' | 'retry' | 'crash' | 'revoked' | 'running'
  startedAt: Date | null
  endedAt: Date | null
  /** Key of the process that ran it. */
  worker: string | null
  /** Thread of that process: from 1 those of its pool, 0 the application's own; null where it is not known. */
  thread: number | null
  error: Error | null
}

/** Everything that is kept of a job. */
export interface JobInfo {
  id: string
  task: string
  args: unknown[]
  queue: string
  priority: number
  state: State
  enqueuedAt: Date
  /** Earliest start: the eta, or the time of the next attempt. */
  eta: Date | null
  expires: Date | null
  startedAt: Date | null
  finishedAt: Date | null
  /** Attempts begun so far. */
  attempt: number
  maxAttempts: number
  /** Times that a thread or process died under it. */
  crashes: number
  attempts: AttemptInfo[]
  /** Key of the process that ran the last attempt, and its thread there, as in `attempts`. */
  worker: string | null
  thread: number | null
  progress: Progress | null
  /** The error of the last attempt that failed. */
  error: Error | null
  revokeReason: string | null
  parentId: string | null
  rootId: string
  schedule: string | null
  scheduledFor: Date | null
  /** The key by which it was to be the only one, or null; a hash of the arguments where these are the key. */
  uniqueKey: string | null
  /** What it shares its concurrency limit with, or null. */
  concurrencyKey: string | null
  headers: Record<string, string>
  tags: string[]
  result: unknown
}

function readable(payload: Payload, codec: Codec): unknown {
  try {
    return decode(payload, codec)
  } catch {
    return UNREADABLE
  }
}

function argsOf({ args, codec }: StoredJob): unknown[] {
  const value = readable(args, codec)
  return Array.isArray(value) ? value : [UNREADABLE]
}

/** @param hidden paths to mask in arguments and result */
export function jobInfo(job: StoredJob, hidden: readonly string[]): JobInfo {
  const {
    id,
    task,
    queue,
    priority,
    state,
    attempt,
    maxAttempts,
    crashes,
    worker,
    thread,
    revokeReason,
    parentId,
    schedule,
  } = job
  return {
    id,
    task,
    args: redact(argsOf(job), hidden) as unknown[],
    queue,
    priority,
    state,
    enqueuedAt: new Date(job.enqueuedAt),
    eta: moment(job.runAt),
    expires: moment(job.expiresAt),
    startedAt: moment(job.startedAt),
    finishedAt: moment(job.finishedAt),
    attempt,
    maxAttempts,
    crashes,
    attempts: job.attempts.map((one) => ({
      number: one.number,
      outcome: one.outcome,
      startedAt: moment(one.startedAt),
      endedAt: moment(one.endedAt),
      worker: one.worker,
      thread: one.thread,
      error: one.error && fromWireError(one.error),
    })),
    worker,
    thread,
    progress: job.progress === null ? null : readProgress(job.progress),
    error: job.error && fromWireError(job.error),
    revokeReason,
    parentId,
    rootId: job.rootId ?? id,
    schedule,
    scheduledFor: moment(job.scheduledFor),
    uniqueKey: job.uniqueKey,
    concurrencyKey: job.concurrencyKey?.slice(task.length + 1) ?? null,
    headers: job.options.headers ?? {},
    tags: job.options.tags ?? [],
    result: redact(readable(job.result, job.codec), hidden),
  }
}

function moment(time: number | null): Date | null {
  return time === null ? null : new Date(time)
}
