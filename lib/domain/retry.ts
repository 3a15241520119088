/** When to try again. All delays are in milliseconds. */

export type Backoff = 'exponential' | 'fixed'
export type Jitter = 'equal' | 'full' | 'none'

export interface RetryPolicy {
  /** Tries after the first one. */
  maxRetries: number
  backoff: Backoff | ((retry: number, error: unknown) => number)
  delay: number
  maxDelay: number
  jitter: Jitter
  /** Whether an error is worth another try. */
  on: ((error: unknown) => boolean) | null
}

export const RETRY_DEFAULTS = { backoff: 'exponential', delay: 1_000, maxDelay: 600_000, jitter: 'equal' } as const

/**
 * Delay before retry number `retry` (0 for the first): `min(maxDelay, delay · 2^retry)` when exponential. `equal` jitter
 * draws from its upper half, `full` from all of it (the two schemes of "Exponential Backoff And Jitter", AWS 2015).
 * @param random a number in [0, 1)
 */
export function retryDelay(policy: RetryPolicy, retry: number, error: unknown, random: number): number {
  const { backoff, delay, maxDelay, jitter } = policy
  if (typeof backoff === 'function') return Math.min(maxDelay, Math.max(0, Math.round(backoff(retry, error))))
  const full = backoff === 'fixed' ? Math.min(maxDelay, delay) : Math.min(maxDelay, delay * 2 ** Math.min(retry, 50))
  if (jitter === 'none') return Math.round(full)
  return Math.round(jitter === 'full' ? full * random : full / 2 + (full / 2) * random)
}

/** A policy without its functions: what can be stored, and used where the task's code is not. */
export interface RetryData {
  maxRetries: number
  backoff: Backoff
  delay: number
  maxDelay: number
  jitter: Jitter
}

/** What a call says of a policy; the rest is the task's. */
export type RetryChange = Pick<RetryData, 'maxRetries'> & Partial<RetryData>

/** The policy of a job: what its call says, and else that of its task. */
export function changedPolicy(change: RetryChange, base: RetryPolicy | RetryData | null): RetryPolicy {
  const policy: RetryPolicy = { ...RETRY_DEFAULTS, on: null, ...base, ...change }
  const { maxDelay, delay = 0 } = change
  return maxDelay === undefined ? { ...policy, maxDelay: Math.max(policy.maxDelay, delay) } : policy
}

export function retryData({ maxRetries, backoff, delay, maxDelay, jitter }: RetryPolicy): RetryData {
  return {
    maxRetries,
    backoff: typeof backoff === 'function' ? RETRY_DEFAULTS.backoff : backoff,
    delay,
    maxDelay,
    jitter,
  }
}
