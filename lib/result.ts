import { onAbort } from './abort-listeners.ts'
import type { Requests } from './client/requests.ts'
import { type Duration, toMilliseconds } from './domain/duration.ts'
import type { State } from './domain/states.ts'
import { isFinal } from './domain/states.ts'
import {
  JoinInsideTask,
  ResultExpired,
  ResultTimeout,
  TaskExpired,
  TaskFailure,
  TaskRevoked,
  UnknownTask,
} from './errors.ts'
import { type JobInfo, jobInfo } from './job-info.ts'
import { booleanOr, optionsOf, refuse } from './options/check.ts'
import { decode } from './wire/codec.ts'
import { fromWireError } from './wire/error-codec.ts'
import type { Settled, StoredJob } from './wire/messages.ts'
import { readProgress } from './wire/progress.ts'
import { type Progress, runningTask } from './worker/task-context.ts'

export interface GetOptions {
  /** Longest wait; the job goes on after it. Default: none. */
  timeout?: Duration
  /** Stops the wait, not the job. */
  signal?: AbortSignal
  /** Allow the wait inside a task, where it holds a thread and can deadlock the pool. Default false. */
  insideTask?: boolean
}

export interface RevokeOptions {
  /** End a running job too: its signal aborts, and its thread is terminated 5 s later. Default false: running jobs are only signalled. */
  terminate?: boolean
  /** Kept with the job. */
  reason?: string
}

/** What a handle needs of its app. */
export interface ResultSource {
  requests(): Requests
  /** Paths to mask in what is shown of arguments and results. */
  readonly hidden: readonly string[]
}

/** A handle on one job, whether it waits, runs or ended long ago; good in any process on the file. */
export class AsyncResult<R = unknown> {
  readonly id: string
  /** Whether the call stored nothing, because a job of its `taskId` or its key was there already: this one. */
  readonly duplicate: boolean
  readonly #source: ResultSource

  /** Made by `delay()` and its kin, and by `app.result(id)`. */
  constructor(id: string, source: ResultSource, duplicate = false) {
    this.id = id
    this.#source = source
    this.duplicate = duplicate
  }

  /**
   * The task's return value, as soon as it is committed.
   * @throws TaskFailure, TaskRevoked, TaskExpired, UnknownTask, ResultExpired, ResultTimeout, JoinInsideTask, and the signal's reason
   */
  async get(options: GetOptions = {}): Promise<R> {
    const given = optionsOf(options, 'get()', ['timeout', 'signal', 'insideTask'])
    if (given.signal !== undefined && !(given.signal instanceof AbortSignal))
      refuse('get(): signal', given.signal, 'an AbortSignal')
    if (!booleanOr(given.insideTask, 'get(): insideTask', false) && runningTask()) {
      throw new JoinInsideTask(
        `get() of job ${this.id} was called inside a task, which can deadlock the pool — enqueue a follow-up instead, or pass { insideTask: true }`,
      )
    }
    const [state, task, codec, result, error] = await this.#settled(options)
    switch (state) {
      case 'SUCCESS':
        return decode(result, codec) as R
      case 'FAILURE': {
        const cause = error ? fromWireError(error) : undefined
        throw new TaskFailure(`task "${task}" (job ${this.id}) failed: ${cause?.message ?? 'no error was kept'}`, {
          cause,
          taskId: this.id,
        })
      }
      case 'REVOKED':
        throw new TaskRevoked(`task "${task}" (job ${this.id}) was revoked before it finished`)
      case 'EXPIRED':
        throw new TaskExpired(`task "${task}" (job ${this.id}) was not begun before it expired`)
      case 'FORGOTTEN':
        throw new ResultExpired(`the result of job ${this.id} was forgotten, or pruned after its retention`)
      default:
        throw new UnknownTask(
          `no job ${this.id} is stored in this file — check the id, and that the database is the one it was stored in`,
        )
    }
  }

  /** `null` for an id that was never stored. */
  async state(): Promise<State | null> {
    return this.#source.requests().ask<State | null>({ about: 'state', id: this.id })
  }

  /** Everything that is kept of the job; `null` for an id that was never stored. */
  async info(): Promise<JobInfo | null> {
    const job = await this.#source.requests().ask<StoredJob | null>({ about: 'job', id: this.id })
    return job && jobInfo(job, this.#source.hidden)
  }

  async exists(): Promise<boolean> {
    return (await this.state()) !== null
  }

  /** Whether the job ended, however. */
  async ready(): Promise<boolean> {
    const state = await this.state()
    return state !== null && isFinal(state)
  }

  async successful(): Promise<boolean> {
    return (await this.state()) === 'SUCCESS'
  }

  async failed(): Promise<boolean> {
    return (await this.state()) === 'FAILURE'
  }

  /**
   * Ends the job: a waiting one at once, a running one by its signal; and what it enqueued, as far as that waits. Resolves
   * with its state after the call.
   */
  async revoke(options: RevokeOptions = {}): Promise<State | null> {
    const { terminate, reason } = revokeSettings(options)
    return this.#source.requests().ask<State | null>({ about: 'revoke', id: this.id, terminate, reason })
  }

  /**
   * Runs a job again that failed, was revoked or expired: it is due at once, one more attempt is allowed, and what is known
   * of the earlier ones is kept. `get()` then waits for the new outcome.
   * @throws NotRetryable when it succeeded, has not ended or was forgotten; UnknownTask
   */
  async retry(): Promise<State> {
    return this.#source.requests().ask<State>({ about: 'retry', id: this.id })
  }

  /** Drops a finished job's arguments and result; its state and errors stay. False when there was nothing to drop. */
  async forget(): Promise<boolean> {
    return this.#source.requests().ask<boolean>({ about: 'forget', id: this.id })
  }

  /** Each progress the task reports, until it ends; the last one always comes. */
  async *progress(): AsyncGenerator<Progress, void, undefined> {
    const queue: string[] = []
    let wake: () => void = () => {}
    let ended = false
    const unwatch = this.#source.requests().watch(this.id, (progress) => {
      queue.push(progress)
      wake()
    })
    const wait = this.#source.requests().wait(this.id)
    const end = (): void => {
      ended = true
      wake()
    }
    wait.settled.then(end, end)
    let last: string | undefined
    try {
      while (true) {
        for (let value = queue.shift(); value !== undefined; value = queue.shift()) {
          if (value !== last) yield readProgress(value)
          last = value
        }
        if (ended) break
        await new Promise<void>((resolve) => {
          wake = resolve
          if (ended || queue.length > 0) resolve()
        })
      }
      const stored = await this.#source.requests().ask<StoredJob | null>({ about: 'job', id: this.id })
      if (stored?.progress && stored.progress !== last) yield readProgress(stored.progress)
    } finally {
      unwatch()
      wait.release()
    }
  }

  async #settled({ timeout, signal }: GetOptions): Promise<Settled> {
    signal?.throwIfAborted()
    const milliseconds = timeout === undefined ? null : toMilliseconds(timeout, 'get(): timeout')
    const wait = this.#source.requests().wait(this.id)
    if (milliseconds === null && !signal) return wait.settled
    const given: (() => void)[] = [wait.release]
    try {
      return await new Promise<Settled>((resolve, reject) => {
        wait.settled.then(resolve, reject)
        if (milliseconds !== null) {
          const late = () => new ResultTimeout(`job ${this.id} did not end within ${milliseconds} ms; it goes on`)
          given.push(after(milliseconds, () => reject(late())))
        }
        if (signal) given.push(onAbort(signal, reject))
      })
    } finally {
      for (const release of given) release()
    }
  }
}

/** @throws InvalidOption */
export function revokeSettings(options: RevokeOptions): { terminate: boolean; reason: string | null } {
  const given = optionsOf(options, 'revoke()', ['terminate', 'reason'])
  const reason = given.reason ?? null
  if (reason !== null && typeof reason !== 'string') refuse('revoke(): reason', reason, 'a text')
  return { terminate: booleanOr(given.terminate, 'revoke(): terminate', false), reason }
}

/** Longest that one timer is set for, in ms: Node fires one beyond 2^31 at once, and a machine that slept must look at its clock. */
const LONGEST = 60_000

/** Calls `late` once, unless the function that it returns is called before. */
function after(milliseconds: number, late: () => void): () => void {
  let left = milliseconds
  let timer: NodeJS.Timeout | undefined
  const next = (): void => {
    const step = Math.min(left, LONGEST)
    left -= step
    timer = setTimeout(() => (left > 0 ? next() : late()), step)
  }
  next()
  return () => clearTimeout(timer)
}
