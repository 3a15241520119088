import { changedPolicy, type RetryPolicy, retryDelay } from '../domain/retry.ts'
import { DeadlineExceeded, InvalidInput, InvalidPayload } from '../errors.ts'
import { Ignore, PermanentError, RateLimited, RetryByPolicy, RetryLater, Snooze } from '../task-signals.ts'
import { type Codec, decode, encode, type Payload } from '../wire/codec.ts'
import { toWireError, type WireError } from '../wire/error-codec.ts'
import type { Outcome, RunRow } from '../wire/messages.ts'
import { isTooLate } from '../wire/run-deadline.ts'
import { areDamaged, optionsOf } from '../wire/stored-options.ts'
import { runsTraced, tracedRun } from '../wire/tracing.ts'
import { runInContext, TaskContext, type TaskReporter } from './task-context.ts'
import { attemptOutcome, type TaskHooks } from './task-hooks.ts'

/** What running a job needs to know of its task. */
export interface RunnableTask {
  run: (...args: never[]) => unknown
  retry: RetryPolicy | null
  /** Checks stored arguments again, and gives them as the function takes them; null when the task has no schema. */
  checkInput: ((args: unknown[]) => unknown[] | Promise<unknown[]>) | null
  hooks: TaskHooks
}

/** Retries that an explicit `RetryLater` or `retry()` gets in a task without a policy: Celery's default. */
const EXPLICIT_RETRIES = 3

export interface Execution {
  context: TaskContext
  /** Resolved already when the task is synchronous: awaiting costs a turn of the microtask queue. */
  outcome: Outcome | Promise<Outcome>
}

/**
 * Runs one job and turns whatever happens into an outcome; never throws, never rejects.
 * @param startedAt now, in epoch ms
 */
export function execute(
  row: RunRow,
  task: RunnableTask | undefined,
  reporter: TaskReporter,
  maxPayload: number,
  startedAt: number,
): Execution {
  const began = performance.now()
  const context = new TaskContext(row, [], reporter, startedAt)
  const position = row[0]
  const codec = row[12]

  const succeed = (value: unknown): Outcome => {
    if (context.committed) return ['committed', position, startedAt, performance.now() - began, null]
    let result: Payload
    try {
      result = encodeResult(value, row, codec, maxPayload)
    } catch (error) {
      return ['failure', position, startedAt, performance.now() - began, toWireError(error)]
    }
    return ['success', position, startedAt, performance.now() - began, result]
  }
  const fail = (error: unknown): Outcome => {
    if (!context.committed) return failed(error, row, task, position, startedAt, performance.now() - began)
    context.log.warn('the task threw after its transaction had ended the job, which changes nothing:', error)
    return ['committed', position, startedAt, performance.now() - began, null]
  }

  if (!task) {
    const message = `task "${row[3]}" is not declared in this thread — declare it in a module of "tasks", before the first call that waits`
    return { context, outcome: fail(new PermanentError(message)) }
  }
  if (areDamaged(row[13])) {
    const message = `the stored options of job ${row[2]} (task "${row[3]}") cannot be read — its row was changed from outside, or the file is damaged: see "celeriac doctor"`
    return { context, outcome: fail(new InvalidPayload(message)) }
  }
  if (isTooLate(row, startedAt)) {
    const late = `task "${row[3]}" (job ${row[2]}) was to begin no attempt this late — give it more time in "deadline"`
    return { context, outcome: fail(new DeadlineExceeded(late)) }
  }
  if (task.hooks.any || runsTraced()) return { context, outcome: executeHooked(row, task, context, succeed, fail) }
  try {
    const args = decodeArgs(row[14], codec)
    const checked = task.checkInput ? task.checkInput(args) : args
    if (isThenable(checked)) {
      return {
        context,
        outcome: Promise.resolve(checked)
          .then((ready) => call(task, context, ready))
          .then(succeed, fail),
      }
    }
    const value = call(task, context, checked as unknown[])
    return { context, outcome: isThenable(value) ? Promise.resolve(value).then(succeed, fail) : succeed(value) }
  } catch (error) {
    return { context, outcome: fail(error) }
  }
}

/** The same with the app's hooks around it. */
async function executeHooked(
  row: RunRow,
  task: RunnableTask,
  context: TaskContext,
  succeed: (value: unknown) => Outcome,
  fail: (error: unknown) => Outcome,
): Promise<Outcome> {
  let outcome: Outcome
  let value: unknown
  let thrown: { error: unknown } | null = null
  try {
    const args = decodeArgs(row[14], row[12])
    setArgs(context, task.checkInput ? await task.checkInput(args) : args)
    const run = () =>
      task.hooks.around(context, async () => {
        await task.hooks.before(context)
        return call(task, context, context.args as unknown[])
      })
    value = await (runsTraced() ? tracedRun(context, run) : run())
    outcome = succeed(value)
  } catch (error) {
    thrown = { error }
    outcome = fail(error)
  }
  await task.hooks.ended(context, attemptOutcome(outcome, context, value, thrown))
  return outcome
}

function setArgs(context: TaskContext, args: unknown[]): void {
  ;(context as { args: readonly unknown[] }).args = args
}

function call(task: RunnableTask, context: TaskContext, args: unknown[]): unknown {
  setArgs(context, args)
  return runInContext(context, task.run as (...args: unknown[]) => unknown, args)
}

function decodeArgs(payload: Payload, codec: Codec): unknown[] {
  const args = decode(payload, codec)
  if (!Array.isArray(args))
    throw new PermanentError('the stored arguments are not an array — the row was changed by hand')
  return args
}

/** What is stored of a task's value. */
export function encodeResult(value: unknown, row: RunRow, codec: Codec, maxPayload: number): Payload {
  if (value === undefined) return null
  if (row[13] !== null) {
    const { ignoreResult, link } = optionsOf(row[13])
    // A linked job takes the value; it is dropped when the job is settled.
    if (ignoreResult && !link) return null
  }
  return encode(value, codec, 'result', maxPayload)
}

function failed(
  error: unknown,
  row: RunRow,
  task: RunnableTask | undefined,
  position: number,
  startedAt: number,
  milliseconds: number,
): Outcome {
  if (is(error, Ignore)) return ['success', position, startedAt, milliseconds, null]
  if (is(error, RateLimited)) return ['rate-limited', position, startedAt, milliseconds, error.delay]
  if (is(error, Snooze)) return ['snooze', position, startedAt, milliseconds, error.delay]
  const wire: WireError = toWireError(error)
  try {
    const delay = delayBeforeRetry(error, row, task)
    if (delay !== null && !isTooLate(row, startedAt + milliseconds + delay))
      return ['retry', position, startedAt, milliseconds, wire, delay]
  } catch (broken) {
    // A retry predicate or backoff function that throws must not hide the task's error, nor the other way round.
    return ['failure', position, startedAt, milliseconds, { ...wire, cause: toWireError(broken) }]
  }
  return ['failure', position, startedAt, milliseconds, wire]
}

function delayBeforeRetry(error: unknown, row: RunRow, task: RunnableTask | undefined): number | null {
  if (is(error, PermanentError) || is(error, DeadlineExceeded) || is(error, InvalidPayload) || is(error, InvalidInput))
    return null
  const policy = policyOf(row, task)
  const retry = row[5] - row[7] - 1
  const explicit = is(error, RetryLater) || is(error, RetryByPolicy)
  const allowed = policy?.maxRetries ?? (explicit ? EXPLICIT_RETRIES : 0)
  if (retry >= allowed) return null
  if (is(error, RetryLater)) return error.delay
  if (!policy) return explicit ? 0 : null
  if (!explicit && policy.on && !policy.on(error)) return null
  return retryDelay(policy, retry, error, Math.random())
}

/** `instanceof`, but false for a thrown value that throws when it is asked, as a Proxy may. */
function is<E>(error: unknown, kind: new (...args: never[]) => E): error is E {
  try {
    return error instanceof kind
  } catch {
    return false
  }
}

function policyOf(row: RunRow, task: RunnableTask | undefined): RetryPolicy | null {
  const change = optionsOf(row[13]).retry
  const base = task?.retry ?? null
  return change ? changedPolicy(change, base) : base
}

export function isThenable(value: unknown): value is PromiseLike<never> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
}
