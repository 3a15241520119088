import { RateLimited } from '../task-signals.ts'
import { fromWireError, toWireError } from '../wire/error-codec.ts'
import type { Outcome } from '../wire/messages.ts'
import { runInContext, type TaskContext } from './task-context.ts'

/** How an attempt ended, by the state that the job goes to. */
export type AttemptOutcome =
  | { state: 'SUCCESS'; result: unknown }
  | { state: 'FAILURE'; error: Error }
  /** `delay` until the next attempt, in ms. */
  | { state: 'RETRY'; error: Error; delay: number }
  /** Snoozed for `delay` ms. */
  | { state: 'SCHEDULED'; delay: number }
  | { state: 'REVOKED'; error: Error }
  /** Interrupted because the app stops, and handed back. */
  | { state: 'PENDING'; error: Error }

/** What is called of each kind; a returned promise is awaited. */
export interface HookFunctions {
  around: (task: TaskContext, run: () => Promise<unknown>) => unknown
  before: (task: TaskContext) => unknown
  after: (task: TaskContext, outcome: AttemptOutcome) => unknown
  onSuccess: (task: TaskContext, result: unknown) => unknown
  onRetry: (task: TaskContext, error: Error, delay: number) => unknown
  onFailure: (task: TaskContext, error: Error) => unknown
}

export type HookKind = keyof HookFunctions

/** What an app wants called around each attempt of its tasks, in the thread that runs it. */
export class TaskHooks {
  readonly #hooks: { [K in HookKind]: HookFunctions[K][] } = {
    around: [],
    before: [],
    after: [],
    onSuccess: [],
    onRetry: [],
    onFailure: [],
  }
  #any = false

  /** Whether there is anything to call: without, an attempt pays nothing. */
  get any(): boolean {
    return this.#any
  }

  add<K extends HookKind>(kind: K, hook: HookFunctions[K]): void {
    this.#hooks[kind].push(hook)
    this.#any = true
  }

  /** In the order they were added; one that throws fails the attempt. */
  async before(context: TaskContext): Promise<void> {
    for (const hook of this.#hooks.before) await runInContext(context, hook as () => unknown, [context])
  }

  /** Runs the attempt inside those that are around it, the first one outermost. */
  async around(context: TaskContext, run: () => Promise<unknown>): Promise<unknown> {
    let whole = run
    for (const hook of [...this.#hooks.around].reverse()) {
      const inner = whole
      whole = async () => runInContext(context, hook as (...args: unknown[]) => unknown, [context, inner])
    }
    return whole()
  }

  /** Tells of the end. What these throw is logged with the job and changes nothing. */
  async ended(context: TaskContext, outcome: AttemptOutcome): Promise<void> {
    if (outcome.state === 'SUCCESS') await this.#tell('onSuccess', context, [outcome.result])
    else if (outcome.state === 'FAILURE') await this.#tell('onFailure', context, [outcome.error])
    else if (outcome.state === 'RETRY') await this.#tell('onRetry', context, [outcome.error, outcome.delay])
    await this.#tell('after', context, [outcome])
  }

  async #tell(kind: HookKind, context: TaskContext, rest: unknown[]): Promise<void> {
    for (const hook of this.#hooks[kind] as ((...args: unknown[]) => unknown)[]) {
      try {
        await runInContext(context, hook, [context, ...rest])
      } catch (error) {
        context.log.error(`the ${kind} hook failed:`, fromWireError(toWireError(error)))
      }
    }
  }
}

/**
 * What hooks are told of an outcome.
 * @param value what the function returned
 * @param thrown what it threw, if it did
 */
export function attemptOutcome(
  outcome: Outcome,
  context: TaskContext,
  value: unknown,
  thrown: { error: unknown } | null,
): AttemptOutcome {
  const [kind, , , , body] = outcome
  if (kind === 'committed') return { state: 'SUCCESS', result: context.committed?.value }
  if (kind === 'success') return { state: 'SUCCESS', result: thrown ? undefined : value }
  if (kind === 'snooze') return { state: 'SCHEDULED', delay: body }
  if (kind === 'rate-limited') return { state: 'PENDING', error: errorOf(thrown) ?? new RateLimited(body) }
  const error = errorOf(thrown) ?? fromWireError(body)
  // The engine knows why it told the job to end, and does not count what comes of that.
  const code = (context.cancelReason as { code?: unknown } | undefined)?.code
  if (code === 'TASK_REVOKED') return { state: 'REVOKED', error }
  if (code === 'SHUTTING_DOWN') return { state: 'PENDING', error }
  return kind === 'retry' ? { state: 'RETRY', error, delay: outcome[5] } : { state: 'FAILURE', error }
}

/** The error itself; null for anything else, even a value that throws when it is asked what it is. */
function errorOf(thrown: { error: unknown } | null): Error | null {
  try {
    return thrown?.error instanceof Error ? thrown.error : null
  } catch {
    return null
  }
}
