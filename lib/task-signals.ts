import { type Duration, toMilliseconds } from './domain/duration.ts'

/** Throw it in a task to be tried again after exactly this time, such as a server's `Retry-After`. */
export class RetryLater extends Error {
  readonly code = 'RETRY_LATER'
  /** Milliseconds until the next attempt may begin. */
  readonly delay: number

  /** @throws InvalidOption when `delay` is not a duration */
  constructor(delay: Duration, options?: ErrorOptions) {
    super(`to be retried in ${delay}${typeof delay === 'number' ? 'ms' : ''}`, options)
    this.name = 'RetryLater'
    this.delay = Math.round(toMilliseconds(delay, 'RetryLater delay'))
  }
}

/** Throw it in a task to fail at once, whatever the retry policy says. */
export class PermanentError extends Error {
  readonly code = 'PERMANENT_ERROR'

  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'PermanentError'
  }
}

/** Throw it in a task to end as SUCCESS without a result. */
export class Ignore extends Error {
  readonly code = 'IGNORE'

  constructor(message = 'ignored') {
    super(message)
    this.name = 'Ignore'
  }
}

/** What a task throws that was told to slow down; made by `rateLimited()`. */
export class RateLimited extends Error {
  readonly code = 'RATE_LIMITED'
  /** Milliseconds for which no job under the same rate starts. */
  readonly delay: number

  constructor(delay: number) {
    super(`told to slow down for ${delay}ms`)
    this.name = 'RateLimited'
    this.delay = delay
  }
}

/**
 * Throw its result in a task that was told to slow down (`throw rateLimited('30s')`): for that long no job of the task starts, or
 * of the key that its `rateLimit` has, in any process. The job waits too, and its attempt does not count.
 * @throws InvalidOption when `delay` is not a duration
 */
export function rateLimited(delay: Duration): RateLimited {
  return new RateLimited(Math.round(toMilliseconds(delay, 'rateLimited() delay')))
}

/** What `currentTask().snooze()` throws to leave the task. */
export class Snooze extends Error {
  readonly code = 'SNOOZE'
  readonly delay: number

  constructor(delay: number) {
    super(`snoozed for ${delay}ms`)
    this.name = 'Snooze'
    this.delay = delay
  }
}

/** What `currentTask().retry()` throws to leave the task: tried again when the task's policy says. */
export class RetryByPolicy extends Error {
  readonly code = 'RETRY_BY_POLICY'

  constructor() {
    super('the task asked to be tried again')
    this.name = 'RetryByPolicy'
  }
}
