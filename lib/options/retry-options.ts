import { type Duration, toMilliseconds } from '../domain/duration.ts'
import { RETRY_DEFAULTS, type RetryChange, type RetryPolicy } from '../domain/retry.ts'
import { InvalidOption } from '../errors.ts'
import { durationOr, integerOr, oneOf, optionsOf, refuse } from './check.ts'

/** How often and when a failed attempt is tried again. */
export interface RetryOptions {
  /** Tries after the first. */
  maxRetries: number
  /** Default `'exponential'`. A function gets the number of the retry (0 for the first) and the error. */
  backoff?: 'exponential' | 'fixed' | ((retry: number, error: unknown) => Duration)
  /** Delay before the first retry. Default 1 s. */
  delay?: Duration
  /** Longest delay. Default 10 min, or `delay` where that is longer. */
  maxDelay?: Duration
  /** Default `'equal'`: half of the delay is random. */
  jitter?: 'equal' | 'full' | 'none'
  /** Whether an error is worth another try. Default: every error. */
  on?: (error: unknown) => boolean
}

const KEYS = ['maxRetries', 'backoff', 'delay', 'maxDelay', 'jitter', 'on'] as const

/** @throws InvalidOption */
export function retryPolicy(value: unknown, where: string): RetryPolicy | null {
  if (value === undefined) return null
  if (typeof value === 'number')
    return { ...RETRY_DEFAULTS, maxRetries: integerOr(value, where, 0, 0, 1_000), on: null }
  const given = optionsOf(value, where, KEYS)
  const { backoff, on } = given
  if (given.maxRetries === undefined) refuse(`${where}.maxRetries`, undefined, 'an integer from 0 to 1000')
  if (on !== undefined && typeof on !== 'function') refuse(`${where}.on`, on, 'a function of the error')
  const delay = durationOr(given.delay, `${where}.delay`, RETRY_DEFAULTS.delay)
  return {
    maxRetries: integerOr(given.maxRetries, `${where}.maxRetries`, 0, 0, 1_000),
    backoff:
      typeof backoff === 'function'
        ? (retry, error) => toMilliseconds(backoff(retry, error), `${where}.backoff's result`)
        : oneOf(backoff, `${where}.backoff`, ['exponential', 'fixed'] as const, RETRY_DEFAULTS.backoff),
    delay,
    maxDelay: durationOr(given.maxDelay, `${where}.maxDelay`, Math.max(RETRY_DEFAULTS.maxDelay, delay)),
    jitter: oneOf(given.jitter, `${where}.jitter`, ['equal', 'full', 'none'] as const, RETRY_DEFAULTS.jitter),
    on: (on as ((error: unknown) => boolean) | undefined) ?? null,
  }
}

/**
 * What a call changes of its task's policy.
 * @throws InvalidOption
 */
export function retryChange(value: unknown, where: string): RetryChange | null {
  const policy = retryPolicy(value, where)
  if (!policy) return null
  const { backoff, on, maxRetries, delay, maxDelay, jitter } = policy
  if (typeof backoff === 'function' || on)
    throw new InvalidOption(`${where} has a function, which cannot be stored with a job — give it to app.task()`)
  const given = typeof value === 'number' ? {} : (value as Partial<RetryOptions>)
  return {
    maxRetries,
    ...(given.backoff !== undefined && { backoff }),
    ...(given.delay !== undefined && { delay }),
    ...(given.maxDelay !== undefined && { maxDelay }),
    ...(given.jitter !== undefined && { jitter }),
  }
}
