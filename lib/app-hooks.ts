import { InvalidOption } from './errors.ts'
import type { TaskContext } from './worker/task-context.ts'
import { type AttemptOutcome, type HookFunctions, type HookKind, TaskHooks } from './worker/task-hooks.ts'

/**
 * What an app has called around each attempt of its tasks, in the thread that runs it and with `currentTask()`. Register
 * hooks where the tasks are declared, in a module of `tasks`: pool threads run what they import. Those of one kind are
 * called in order, and promises are awaited; their time counts for the time limits. No hook can run of an attempt whose
 * thread was ended, by its hard limit or its death: events tell of those too.
 */
export class AppHooks {
  protected readonly taskHooks = new TaskHooks()

  /**
   * Calls `hook` in place of each attempt, with what runs it: `(task, run) => run()` changes nothing. What it returns is the
   * task's result, and what it throws the task's error. The first one registered is outermost; `before` hooks run inside.
   */
  around(hook: (task: TaskContext, run: () => Promise<unknown>) => unknown): this {
    return this.#add('around', hook)
  }

  /** Calls `hook` before each attempt, once its arguments are known. What it throws fails the attempt. */
  before(hook: (task: TaskContext) => unknown): this {
    return this.#add('before', hook)
  }

  /** Calls `hook` after each attempt, however it ended. What it throws is logged with the job. */
  after(hook: (task: TaskContext, outcome: AttemptOutcome) => unknown): this {
    return this.#add('after', hook)
  }

  /** Calls `hook` with the result of an attempt that succeeded, shortly before it is committed. What it throws is logged with the job. */
  onSuccess(hook: (task: TaskContext, result: unknown) => unknown): this {
    return this.#add('onSuccess', hook)
  }

  /** Calls `hook` after an attempt that failed and is followed by another in `delay` ms. What it throws is logged with the job. */
  onRetry(hook: (task: TaskContext, error: Error, delay: number) => unknown): this {
    return this.#add('onRetry', hook)
  }

  /** Calls `hook` after the attempt by which the job failed for good. What it throws is logged with the job. */
  onFailure(hook: (task: TaskContext, error: Error) => unknown): this {
    return this.#add('onFailure', hook)
  }

  #add<K extends HookKind>(kind: K, hook: HookFunctions[K]): this {
    if (typeof hook !== 'function')
      throw new InvalidOption(`app.${kind}() was given no function — app.${kind}((task) => …)`)
    this.taskHooks.add(kind, hook)
    return this
  }
}
