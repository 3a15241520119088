import type { Duration } from '../domain/duration.ts'
import { InvalidOption } from '../errors.ts'
import type { Codec } from '../wire/codec.ts'
import type { GateKeys, JobShape, StoredLink, StoredOptions } from '../wire/messages.ts'
import { booleanOr, durationOr, integerOr, momentOr, nameOf, optionsOf, refuse } from './check.ts'
import { concurrencyKeys, keyedLimit, keyText, rateKeys } from './limit-options.ts'
import { type RetryOptions, retryChange } from './retry-options.ts'
import type { TaskSettings } from './task-options.ts'
import { ONCE_KEYS, type OnceOptions, type UniqueSettings, uniqueSettings } from './unique-options.ts'

/** Options of one call; each overrides the task's own. */
export interface CallOptions extends OnceOptions {
  /** Begin this long from now at the earliest. Excludes `eta`. */
  countdown?: Duration
  /** Begin then at the earliest: a Date, or epoch milliseconds. Excludes `countdown`. */
  eta?: Date | number
  /** Do not begin after this: a duration from now, or a Date. */
  expires?: Duration | Date
  /** No attempt begins later than this after the job is due, neither the first nor a retry. */
  deadline?: Duration
  queue?: string
  /** 0 to 9, higher first. */
  priority?: number
  /** What it leaves out is the task's own. Functions cannot be stored with a job: give `backoff` and `on` functions to the task. */
  retry?: number | (Omit<RetryOptions, 'backoff' | 'on'> & { backoff?: 'exponential' | 'fixed' })
  softTimeLimit?: Duration
  timeLimit?: Duration
  ignoreResult?: boolean
  /**
   * Shares the task's concurrency limit with the jobs of this key only, instead of the key that the task's function gives; in a
   * task without one, jobs of the same key run one at a time.
   */
  concurrencyKey?: string
  /** Text pairs that the task reads from `currentTask().headers`. */
  headers?: Record<string, string>
  /** Labels to find the job by. */
  tags?: string[]
  /**
   * Calls to make when the job succeeds, stored with it and enqueued in the transaction that ends it: with its result before
   * their own arguments, or without where the signature is immutable.
   */
  link?: CallData | readonly CallData[]
  /** Calls to make when the job ends as FAILURE: with its id and its error (`{ name, message, stack?, code? … }`) before their own arguments. */
  linkError?: CallData | readonly CallData[]
}

/** A call as data; a `Signature` is one. */
export interface CallData {
  readonly task: string
  readonly args: readonly unknown[]
  readonly options: SingleCallOptions
  readonly immutable: boolean
}

/**
 * Makes of signatures what is stored of them.
 * @param result codec of what is put before their arguments; null for an error
 * @throws InvalidOption
 */
export type LinkResolver = (signatures: unknown, where: string, result: Codec | null) => StoredLink[]

/** Options of one call for a single job. */
export interface SingleCallOptions extends CallOptions {
  /** The job's id. A second call with the same id stores nothing and returns the first job's handle. */
  taskId?: string
}

const KEYS = [
  'countdown',
  'eta',
  'expires',
  'deadline',
  'queue',
  'priority',
  'retry',
  'softTimeLimit',
  'timeLimit',
  'ignoreResult',
  'concurrencyKey',
  'headers',
  'tags',
  'taskId',
  'link',
  'linkError',
  ...ONCE_KEYS,
] as const

export interface CallSettings {
  taskId: string | null
  /** The call's own concurrency key, or null. */
  concurrencyKey: string | null
  /** Where the key of a unique job comes from. */
  unique: UniqueSettings | null
  shape: JobShape
}

/** @throws InvalidOption */
export function callSettings(
  task: string,
  settings: TaskSettings,
  options: unknown,
  now: number,
  linked: LinkResolver,
): CallSettings {
  const where = `${task}.applyAsync()`
  const given = optionsOf(options, where, KEYS)
  if (given.countdown !== undefined && given.eta !== undefined) {
    throw new InvalidOption(`${where} was given both countdown and eta — give one of them`)
  }
  const countdown = durationOr(given.countdown, `${where}: countdown`, null)
  const runAt = countdown === null ? momentOr(given.eta, `${where}: eta`, null) : now + countdown
  const unique = uniqueSettings(given, settings.unique, where)
  if (unique?.rule.debounce && (runAt !== null || given.taskId !== undefined))
    throw new InvalidOption(
      `${where}: countdown, eta and taskId do not go with debounce, which sets the time and finds the job — leave them out`,
    )
  const retry = retryChange(given.retry, `${where}: retry`)
  const { expires } = given
  const expiresAt =
    expires instanceof Date
      ? momentOr(expires, `${where}: expires`, null)
      : expires === undefined
        ? settings.expires === null
          ? null
          : (runAt ?? now) + settings.expires
        : now + durationOr(expires, `${where}: expires`, 0)
  const stored: StoredOptions = {}
  if (booleanOr(given.ignoreResult, `${where}: ignoreResult`, settings.ignoreResult)) stored.ignoreResult = true
  const softTimeLimit = durationOr(given.softTimeLimit, `${where}: softTimeLimit`, null)
  if (softTimeLimit !== null) stored.softTimeLimit = softTimeLimit
  const deadline = durationOr(given.deadline, `${where}: deadline`, settings.deadline)
  if (deadline !== null) stored.deadline = deadline + Math.max(0, (runAt ?? now) - now)
  const timeLimit = durationOr(given.timeLimit, `${where}: timeLimit`, null)
  if (timeLimit !== null) stored.timeLimit = timeLimit
  if (given.headers !== undefined) stored.headers = headersOf(given.headers, where)
  if (given.tags !== undefined) stored.tags = tagsOf(given.tags, where)
  if (given.link !== undefined) stored.link = linked(given.link, `${where}: link`, settings.codec)
  if (given.linkError !== undefined) stored.linkError = linked(given.linkError, `${where}: linkError`, null)
  if (retry) stored.retry = retry
  const concurrencyKey =
    given.concurrencyKey === undefined ? null : keyText(given.concurrencyKey, `${where}: concurrencyKey`)
  const concurrency = keyedLimit(settings.concurrency, concurrencyKey)
  if (concurrency?.discard && (runAt !== null || unique?.rule.debounce)) stored.discard = true
  return {
    concurrencyKey,
    taskId: given.taskId === undefined ? null : nameOf(given.taskId, `${where}: taskId`),
    unique,
    shape: {
      task,
      queue: given.queue === undefined ? settings.queue : nameOf(given.queue, `${where}: queue`),
      priority: integerOr(given.priority, `${where}: priority`, settings.priority, 0, 9),
      runAt,
      expiresAt,
      maxAttempts: (retry ?? settings.retry ?? { maxRetries: 0 }).maxRetries + 1,
      codec: settings.codec,
      options: Object.keys(stored).length > 0 ? JSON.stringify(stored) : null,
      parentId: null,
      rootId: null,
      chosen: given.taskId !== undefined,
      ...(unique && { unique: unique.rule }),
      ...(concurrency && { concurrency }),
      ...(settings.rateLimit?.key && { rate: { limit: settings.rateLimit.limit, per: settings.rateLimit.per } }),
    },
  }
}

/** Keys of the limits that these jobs are under; undefined when there are none. */
export function gateKeysOf(
  settings: TaskSettings,
  { shape, concurrencyKey }: CallSettings,
  argsList: readonly (readonly unknown[])[],
): GateKeys | undefined {
  const { task, concurrency, rate } = shape
  if (!concurrency && !rate) return undefined
  return {
    concurrency: concurrency ? concurrencyKeys(task, settings.concurrency, concurrencyKey, argsList) : null,
    rate: rate && settings.rateLimit ? rateKeys(task, settings.rateLimit, argsList) : null,
  }
}

/** What a plain `delay()` of this task stores; one object, so that its calls share batches. Null when it depends on the time. */
export function plainShape(task: string, settings: TaskSettings): JobShape | null {
  return settings.expires === null ? Object.freeze(callSettings(task, settings, undefined, 0, () => []).shape) : null
}

function headersOf(value: unknown, where: string): Record<string, string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    refuse(`${where}: headers`, value, 'an object of texts')
  for (const [key, header] of Object.entries(value)) {
    if (typeof header !== 'string') refuse(`${where}: headers.${key}`, header, 'a text')
  }
  return { ...(value as Record<string, string>) }
}

function tagsOf(value: unknown, where: string): string[] {
  if (!Array.isArray(value)) refuse(`${where}: tags`, value, 'an array of texts')
  return value.map((tag, i) => nameOf(tag, `${where}: tags[${i}]`))
}
