import type { CallOptions, SingleCallOptions } from './options/call-options.ts'
import type { AsyncResult } from './result.ts'
import type { Signature } from './signature.ts'
import type { TaskFunction } from './task-function.ts'
import type { CallerDatabase, TransactionalTask } from './within.ts'

/** Arguments without the first, which a result takes, or without the first two, which an id and an error take. */
type Followed<P extends unknown[]> = AfterFirst<P> | AfterFirst<AfterFirst<P>>
type AfterFirst<P extends unknown[]> = P extends [unknown?, ...infer R] ? R : P

/** A function that can also be run in the background. Calling it runs it here and now. */
export interface Task<F extends TaskFunction = TaskFunction> {
  (...args: Parameters<F>): ReturnType<F>
  /** The name it is stored under. */
  readonly taskName: string

  /**
   * Stores a job and resolves once it is committed.
   * @throws InvalidPayload, PayloadTooLarge, InvalidInput, and the storage errors
   */
  delay(...args: Parameters<F>): Promise<AsyncResult<Awaited<ReturnType<F>>>>

  /** `delay()` with options. */
  applyAsync(args: Parameters<F>, options?: SingleCallOptions): Promise<AsyncResult<Awaited<ReturnType<F>>>>

  /** Stores one job for each argument list, all in one transaction; handles in the same order. */
  delayMany(argsList: readonly Parameters<F>[], options?: CallOptions): Promise<AsyncResult<Awaited<ReturnType<F>>>[]>

  /**
   * The same calls, made synchronously inside the caller's own better-sqlite3 transaction on the app's file: the job
   * exists if and only if that transaction commits.
   * @throws ForeignConnection
   */
  within(db: CallerDatabase): TransactionalTask<F>

  /** A signature: this call as data. Where it is linked to another job, leave out what comes from that one. */
  s(...args: Parameters<F> | Followed<Parameters<F>>): Signature<Awaited<ReturnType<F>>>

  /** An immutable signature: takes no result of a task before it in a chain. */
  si(...args: Parameters<F>): Signature<Awaited<ReturnType<F>>>
}
