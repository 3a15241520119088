/** For how many jobs that a reading has gone through its answer is kept for one millisecond, and for how long at most, in ms. */
const JOBS_A_MS = 100
const LONGEST = 2_000
/** As many jobs are gone through each time. */
const FREE = 10_000

/**
 * A reading that goes through all that waits, kept for as long as makes it cost about one part in a hundred of a core: who
 * looks at a long line while it is worked off must not slow the work.
 */
export class Spared<T> {
  readonly #read: () => T
  readonly #size: (value: T) => number
  #kept: { value: T; until: number } | null = null

  /** @param size how many jobs `read` has gone through */
  constructor(read: () => T, size: (value: T) => number) {
    this.#read = read
    this.#size = size
  }

  /** @param now in ms, by a clock that is never set back */
  get(now: number): T {
    if (this.#kept && now < this.#kept.until) return this.#kept.value
    const value = this.#read()
    const size = this.#size(value)
    this.#kept = size < FREE ? null : { value, until: now + Math.min(LONGEST, size / JOBS_A_MS) }
    return value
  }
}
