import type { Duration } from '../domain/duration.ts'
import type { RetryPolicy } from '../domain/retry.ts'
import type { Codec } from '../wire/codec.ts'
import { booleanOr, durationOr, integerOr, nameOf, oneOf, optionsOf, refuse } from './check.ts'
import {
  type ConcurrencyOptions,
  type ConcurrencySettings,
  concurrencyOf,
  type RateLimitOptions,
  type RateSettings,
  rateLimitOf,
} from './limit-options.ts'
import { type RetryOptions, retryPolicy } from './retry-options.ts'
import { isStandardSchema, type StandardSchema } from './standard-schema.ts'
import { ONCE_KEYS, type OnceOptions, type UniqueSettings, uniqueSettings } from './unique-options.ts'

/** How a task's jobs are stored and run. */
export interface TaskOptions extends OnceOptions {
  /** Line the jobs wait in. Default `'default'`. */
  queue?: string
  /** 0 to 9, higher first; first in, first out within. Default 0. */
  priority?: number
  /** Retries after a failure: a number, or a policy. Default: none. */
  retry?: number | RetryOptions
  /** Not begun within this time, the job ends as EXPIRED and never runs. Default: none. */
  expires?: Duration
  /**
   * No attempt begins later than this after the job was enqueued (or its `countdown` or `eta` was over), neither the first nor a
   * retry: the job ends as FAILURE, with its last error or `DeadlineExceeded`. Default: none.
   */
  deadline?: Duration
  /** After this long `currentTask().signal` aborts with `SoftTimeLimitExceeded`, and the task may clean up. Default: none. */
  softTimeLimit?: Duration
  /**
   * After this long the thread is terminated, whatever it does; the attempt failed with `TimeLimitExceeded` and is retried
   * as the policy says, but for its functions, which died with the thread. Default: none.
   */
  timeLimit?: Duration
  /** Most jobs of the task that run at once, over all processes of the file: a number, or `{ limit }`. Default: no limit. */
  concurrency?: number | ConcurrencyOptions
  /**
   * Most starts in a time, over all processes of the file and over restarts: `'10/s'`, `'100/m'`, `'5/h'`, `'3/10s'`, or
   * `{ limit, per, key? }`. Default: none.
   */
  rateLimit?: string | RateLimitOptions
  /** Keep the state, not the value. Default false. */
  ignoreResult?: boolean
  /** A pool thread, or the application's own event loop, where a task cannot be killed. Default `'thread'`. */
  runIn?: 'thread' | 'main'
  /** Checks the argument tuple when it is enqueued and again before it runs. Default: none. */
  input?: StandardSchema
  /** How arguments and results are stored. Default `'json'`. */
  codec?: Codec
  /** What follows when the thread or process died under a job. After 3 deaths it is failed whatever this says. Default `'retry'`. */
  onCrash?: 'retry' | 'fail'
}

export interface TaskSettings {
  queue: string
  priority: number
  retry: RetryPolicy | null
  expires: number | null
  deadline: number | null
  softTimeLimit: number | null
  timeLimit: number | null
  concurrency: ConcurrencySettings | null
  rateLimit: RateSettings | null
  ignoreResult: boolean
  runIn: 'thread' | 'main'
  input: StandardSchema | null
  codec: Codec
  onCrash: 'retry' | 'fail'
  unique: UniqueSettings | null
}

const KEYS = [
  'queue',
  'priority',
  'retry',
  'expires',
  'deadline',
  'softTimeLimit',
  'timeLimit',
  'concurrency',
  'rateLimit',
  'ignoreResult',
  'runIn',
  'input',
  'codec',
  'onCrash',
  ...ONCE_KEYS,
] as const

/** @throws InvalidOption */
export function taskSettings(options: unknown, defaults: unknown, where: string): TaskSettings {
  const own = optionsOf(options, where, KEYS)
  const shared = optionsOf(defaults, 'taskDefaults', KEYS)
  const given = { ...shared }
  for (const [key, value] of Object.entries(own)) if (value !== undefined) given[key] = value
  // One of them takes the place of another, as they exclude each other.
  const once = ONCE_KEYS.some((key) => own[key] !== undefined) ? own : shared
  const { input } = given
  if (input !== undefined && !isStandardSchema(input)) {
    refuse(`${where}: input`, input, 'a Standard Schema, such as z.tuple([z.number()]) of zod')
  }
  return Object.freeze({
    queue: given.queue === undefined ? 'default' : nameOf(given.queue, `${where}: queue`),
    priority: integerOr(given.priority, `${where}: priority`, 0, 0, 9),
    retry: retryPolicy(given.retry, `${where}: retry`),
    expires: durationOr(given.expires, `${where}: expires`, null),
    deadline: durationOr(given.deadline, `${where}: deadline`, null),
    softTimeLimit: durationOr(given.softTimeLimit, `${where}: softTimeLimit`, null),
    timeLimit: durationOr(given.timeLimit, `${where}: timeLimit`, null),
    concurrency: concurrencyOf(given.concurrency, `${where}: concurrency`),
    rateLimit: rateLimitOf(given.rateLimit, `${where}: rateLimit`),
    ignoreResult: booleanOr(given.ignoreResult, `${where}: ignoreResult`, false),
    runIn: oneOf(given.runIn, `${where}: runIn`, ['thread', 'main'] as const, 'thread'),
    input: input ?? null,
    codec: oneOf(given.codec, `${where}: codec`, ['json', 'v8'] as const, 'json'),
    onCrash: oneOf(given.onCrash, `${where}: onCrash`, ['retry', 'fail'] as const, 'retry'),
    unique: uniqueSettings(once, null, where),
  })
}
