import { AsyncLocalStorage } from 'node:async_hooks'
import { format } from 'node:util'
import { type Duration, toMilliseconds } from '../domain/duration.ts'
import { showValue } from '../domain/shown-value.ts'
import { InvalidOption, NotInTask, TransactionRefused } from '../errors.ts'
import { RetryByPolicy, RetryLater, Snooze } from '../task-signals.ts'
import type { LogLevel } from '../wire/log-lines.ts'
import type { RunRow, StoredOptions } from '../wire/messages.ts'
import type { Progress } from '../wire/progress.ts'
import { optionsOf } from '../wire/stored-options.ts'

export type TaskLog = Record<LogLevel, (...parts: unknown[]) => void>

export type { Progress }

/** The connection that `transaction()` hands out, as far as it is described here: a `Database` of better-sqlite3. */
export interface TaskDatabase {
  readonly name: string
  prepare(sql: string): TaskStatement
  exec(sql: string): unknown
}

/** A prepared statement of better-sqlite3. */
export interface TaskStatement {
  run(...values: unknown[]): { changes: number; lastInsertRowid: number | bigint }
  get(...values: unknown[]): unknown
  all(...values: unknown[]): unknown[]
  iterate(...values: unknown[]): IterableIterator<unknown>
}

/** Where a running task's reports go; one for each place that runs tasks. */
export interface TaskReporter {
  /** Ends the job as SUCCESS with what `work` returns, in the transaction that `work` writes in. */
  commit(row: RunRow, startedAt: number, work: (db: never) => unknown): unknown
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
  #options: Readonly<StoredOptions> | null = null
  #log: TaskLog | null = null
  #ended = false
  #committed: { value: unknown } | null = null
  readonly #startedAt: number

  constructor(row: RunRow, args: unknown[], reporter: TaskReporter, startedAt: number) {
    this.#row = row
    this.args = args
    this.#reporter = reporter
    this.#startedAt = startedAt
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

  /** How many slots of the schedule did not fire since the one before this; this run may stand for them. 0 for other jobs. */
  get missed(): number {
    return this.#stored.missed ?? 0
  }

  /**
   * Nominal time of the schedule's latest slot whose job had succeeded when this one fired, the same on every attempt:
   * what a report has to go back to. Undefined when there is none.
   */
  get lastSuccessAt(): Date | undefined {
    const { lastSuccess } = this.#stored
    return lastSuccess === undefined ? undefined : new Date(lastSuccess)
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
      debug: (...parts) => void this.write('debug', parts),
      info: (...parts) => void this.write('info', parts),
      warn: (...parts) => void this.write('warn', parts),
      error: (...parts) => void this.write('error', parts),
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

  /**
   * Writes to the app's own file and ends the job as SUCCESS, in one transaction: what `work` wrote is there if and only
   * if the job succeeded, exactly once, whatever dies when. `work` is handed the thread's better-sqlite3 connection, with
   * the writer's lock held: keep it short, as nothing else can write meanwhile. What it returns is the job's result,
   * whatever the task does after; when it throws, nothing is written and the attempt fails as usual.
   * @returns what `work` returned
   * @throws LeaseLost when the job is no longer this thread's; TransactionRefused on the main thread, when the job has
   * ended, or when `work` is asynchronous; the storage errors
   */
  transaction<R, D = TaskDatabase>(work: (db: D) => R): R {
    if (typeof work !== 'function')
      throw new InvalidOption('transaction() was given no function — transaction((db) => …)')
    if (this.#committed || this.#ended) {
      throw new TransactionRefused(
        `job ${this.id} has ended${this.#committed ? ' in a transaction of its own' : ''} — do all of its writes in one transaction()`,
      )
    }
    const value = this.#reporter.commit(this.#row, this.#startedAt, work as (db: never) => unknown) as R
    this.#committed = { value }
    return value
  }

  /** For the runner: what `transaction()` ended the job with, or null. */
  get committed(): { value: unknown } | null {
    return this.#committed
  }

  /** For the runner: why the job was told to end, if it was. */
  get cancelReason(): unknown {
    return this.#abort?.signal.reason
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

  get #stored(): Readonly<StoredOptions> {
    this.#options ??= optionsOf(this.#row[13])
    return this.#options
  }

  /** For the runner: keeps a line of the console, or of `log`; returns its text, or null when the job has ended. */
  write(level: LogLevel, parts: unknown[]): string | null {
    if (this.#ended) return null
    const text = format(...parts)
    this.#reporter.log(this.#row[0], level, text)
    return text
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
