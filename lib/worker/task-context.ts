import { AsyncLocalStorage } from 'node:async_hooks'
import { format } from 'node:util'
import { type Duration, toMilliseconds } from '../domain/duration.ts'
import { showValue } from '../domain/shown-value.ts'
import { InvalidOption, NotInTask } from '../errors.ts'
import { RetryByPolicy, RetryLater, Snooze } from '../task-signals.ts'
import type { RunRow, StoredOptions } from '../wire/messages.ts'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

export type TaskLog = Record<LogLevel, (...parts: unknown[]) => void>

/** How far a task has come: a share from 0 to 1, or a count of a total. */
export type Progress = number | { done: number; total?: number; message?: string }

/** Where a running task's reports go; one for each place that runs tasks. */
export interface TaskReporter {
  cancelled(position: number): boolean
  progress(position: number, progress: Progress): void
  log(position: number, level: LogLevel, text: string): void
}

/** Most characters of a progress message. */
const LONGEST_MESSAGE = 1_000

const storage = new AsyncLocalStorage<TaskContext>()

/**
 * The job that runs now.
 * @throws NotInTask outside a running task
 */
export function currentTask(): TaskContext {
  const context = storage.getStore()
  if (!context)
    throw new NotInTask(
      'currentTask() was called outside a running task — call it from a task, not from the module or the application',
    )
  return context
}

export function runningTask(): TaskContext | undefined {
  return storage.getStore()
}

export function runInContext<R>(context: TaskContext, fn: (...args: unknown[]) => R, args: unknown[]): R {
  return storage.run(context, fn, ...args)
}

/** What a task can know of its own job, and say about it. */
export class TaskContext {
  /** Arguments as the function received them. */
  readonly args: readonly unknown[]
  readonly #row: RunRow
  readonly #reporter: TaskReporter
  #abort: AbortController | null = null
  #options: StoredOptions | null = null
  #log: TaskLog | null = null
  #ended = false

  constructor(row: RunRow, args: unknown[], reporter: TaskReporter) {
    this.#row = row
    this.args = args
    this.#reporter = reporter
  }

  /** The job's id; the same on every attempt, so it serves as an idempotency key. */
  get id(): string {
    return this.#row[2]
  }

  /** The task's name. */
  get name(): string {
    return this.#row[3]
  }

  get queue(): string {
    return this.#row[4]
  }

  /** Number of this attempt, from 1. */
  get attempt(): number {
    return this.#row[5]
  }

  /** Attempts the retry policy allows; a crash of the thread or process may add to them. */
  get maxAttempts(): number {
    return this.#row[6]
  }

  get enqueuedAt(): Date {
    return new Date(this.#row[8])
  }

  /** The nominal time of the schedule's slot that stored this job. */
  get scheduledFor(): Date | undefined {
    return this.#row[9] === null ? undefined : new Date(this.#row[9])
  }

  /** Id of the job whose task enqueued this one. */
  get parentId(): string | undefined {
    return this.#row[10] ?? undefined
  }

  /** Id of the first job of the family; its own when it has no parent. */
  get rootId(): string {
    return this.#row[11] ?? this.id
  }

  get headers(): Readonly<Record<string, string>> {
    return this.#stored.headers ?? {}
  }

  get tags(): readonly string[] {
    return this.#stored.tags ?? []
  }

  /** Aborts when the job is to end: revoked, over its soft limit, or the app is stopping; `reason` says which. */
  get signal(): AbortSignal {
    this.#abort ??= new AbortController()
    return this.#abort.signal
  }

  /** The same as `signal.aborted`, but also true inside a synchronous loop, where no event can arrive. */
  get cancelled(): boolean {
    return this.#abort?.signal.aborted === true || this.#reporter.cancelled(this.#row[0])
  }

  /** Lines kept with the job. */
  get log(): TaskLog {
    this.#log ??= {
      debug: (...parts) => this.#write('debug', parts),
      info: (...parts) => this.#write('info', parts),
      warn: (...parts) => this.#write('warn', parts),
      error: (...parts) => this.#write('error', parts),
    }
    return this.#log
  }

  /**
   * Says how far the task has come. Written at most 4 times a second; the last value always is.
   * @throws InvalidOption when it is no progress
   */
  progress(progress: Progress): void {
    const checked = progressOf(progress)
    if (!this.#ended) this.#reporter.progress(this.#row[0], checked)
  }

  /** Leaves the task to be tried again; counts as a failed attempt. Never returns. */
  retry(options: { delay?: Duration } = {}): never {
    throw options.delay === undefined ? new RetryByPolicy() : new RetryLater(options.delay)
  }

  /** Leaves the task to be run again after `delay`, without using an attempt. Never returns. */
  snooze(delay: Duration): never {
    throw new Snooze(Math.round(toMilliseconds(delay, 'snooze delay')))
  }

  /** For the runner: ends the context, so that what a finished task left running reports no more. */
  end(): void {
    this.#ended = true
  }

  /** For the runner. */
  get ended(): boolean {
    return this.#ended
  }

  /** For the runner: aborts `signal`. */
  cancel(reason: Error): void {
    this.#abort ??= new AbortController()
    const { signal } = this
    // In the task's own context, so that what listens to the signal may ask for currentTask() too.
    if (!signal.aborted) storage.run(this, () => this.#abort?.abort(reason))
  }

  get #stored(): StoredOptions {
    this.#options ??= this.#row[13] === null ? {} : (JSON.parse(this.#row[13]) as StoredOptions)
    return this.#options
  }

  #write(level: LogLevel, parts: unknown[]): void {
    if (!this.#ended) this.#reporter.log(this.#row[0], level, format(...parts))
  }
}

const finite = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value)

/** The progress with nothing else in it, so that what a task hands over by mistake is neither stored nor sent about. */
function progressOf(value: unknown): Progress {
  if (finite(value)) return value
  if (typeof value === 'object' && value !== null) {
    const { done, total, message } = value as { done?: unknown; total?: unknown; message?: unknown }
    if (
      finite(done) &&
      (total === undefined || finite(total)) &&
      (message === undefined || typeof message === 'string')
    ) {
      return {
        done,
        ...(total !== undefined && { total }),
        ...(message !== undefined && { message: message.slice(0, LONGEST_MESSAGE) }),
      }
    }
  }
  throw new InvalidOption(
    `progress is ${showValue(value)} — allowed: a finite number, or { done, total?, message? } with finite numbers`,
  )
}
