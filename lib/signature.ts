import type { SingleCallOptions } from './options/call-options.ts'

/** A call of a task as data: what to run, to be run later or elsewhere. */
export class Signature<R = unknown> {
  readonly task: string
  readonly args: readonly unknown[]
  readonly options: SingleCallOptions
  /** Whether it takes no result of a task before it in a chain. */
  readonly immutable: boolean
  /** Only in the type: what the task returns. */
  declare readonly result?: R

  constructor(task: string, args: readonly unknown[], options: SingleCallOptions = {}, immutable = false) {
    this.task = task
    this.args = args
    this.options = options
    this.immutable = immutable
  }

  /** The same call with further options. */
  set(options: SingleCallOptions): Signature<R> {
    return new Signature<R>(this.task, this.args, { ...this.options, ...options }, this.immutable)
  }
}
