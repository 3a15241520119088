/** How a job's key keeps it from being stored twice. Times are in milliseconds. */
export interface UniqueRule {
  /** When the job gives its key up: as it begins for the first time, or as it ends. */
  until: 'started' | 'finished'
  onConflict: 'existing' | 'replace' | 'error'
  /** A job that was enqueued less than this ago counts, even when it has ended; null for no such window. */
  within: number | null
  /** A waiting job of the key is given the new arguments and moved, instead of being left as it is. */
  debounce: Debounce | null
}

export interface Debounce {
  delay: number
  /** Longest time from the first call to the run; null for no bound. */
  maxWait: number | null
}

/** When a debounced job is to run after a call at `now`: `delay` later, and no later than `maxWait` after the first call. */
export function debouncedUntil({ delay, maxWait }: Debounce, firstAt: number, now: number): number {
  return maxWait === null ? now + delay : Math.min(now + delay, firstAt + maxWait)
}
