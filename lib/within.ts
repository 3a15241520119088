import type { CallOptions, SingleCallOptions } from './options/call-options.ts'
import type { AsyncResult } from './result.ts'
import type { TaskFunction } from './task-function.ts'

/** An open better-sqlite3 connection, as far as it matters here. */
export interface CallerDatabase {
  readonly name: string
  readonly open: boolean
  readonly inTransaction: boolean
  prepare(sql: string): unknown
  exec(sql: string): unknown
}

/** A task bound to the caller's transaction. */
export interface TransactionalTask<F extends TaskFunction> {
  delay(...args: Parameters<F>): AsyncResult<Awaited<ReturnType<F>>>
  applyAsync(args: Parameters<F>, options?: SingleCallOptions): AsyncResult<Awaited<ReturnType<F>>>
  delayMany(argsList: readonly Parameters<F>[], options?: CallOptions): AsyncResult<Awaited<ReturnType<F>>>[]
}
