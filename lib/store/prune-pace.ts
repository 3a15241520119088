/** Longest that one transaction deletes, and about how long one of its statements is to take, in ms. */
const HOLD = 3
const STEP = 0.5
const MOST = 128

/**
 * How much is deleted at once: jobs differ by their results and lines, so the next statement takes as many as the last ones
 * allow for. A core that was taken from us in the meantime looks like a slow disk: either way others wait less.
 */
export class PrunePace {
  readonly #now: () => number
  #most = 8
  #end = 0
  #asked: number | null = null

  /** @param now in ms, by a clock that is never set back */
  constructor(now: () => number) {
    this.#now = now
  }

  /** In the beginning of a transaction. */
  begin(): void {
    this.#end = this.#now() + HOLD
    this.#asked = null
  }

  /** How many the next statement may delete; 0 once the time is up. */
  more(): number {
    const now = this.#now()
    if (this.#asked !== null) {
      const took = now - this.#asked
      if (took > STEP) this.#most = Math.max(1, this.#most >> 1)
      else if (took < STEP / 2) this.#most = Math.min(MOST, this.#most * 2)
      if (now >= this.#end) return 0
    }
    this.#asked = now
    return this.#most
  }
}
