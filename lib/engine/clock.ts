/** The engine's only sources of time, so that tests can hand it another. All in ms. */
export interface Clock {
  /** Wall clock since the epoch; may jump. */
  now(): number
  /** Rises steadily; stands still while the machine sleeps. */
  monotonic(): number
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
}

/** Wall clock and monotonic clock drift apart by less than this between two looks; by more, the wall clock was set, in ms. */
export const CLOCK_SET = 100

/** Longest timer ever set: `setTimeout` beyond 2^31 ms fires at once, and a wall clock must be looked at again anyway. */
export const LONGEST_TIMER = 60_000

export function earliest(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b
  return Math.min(a, b)
}
