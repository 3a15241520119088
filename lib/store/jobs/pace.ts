/** Jobs that the first step of a search looks at, and the least and the most of any. */
const FIRST = 500
const LEAST = 100
const MOST = 10_000
/** What a step should take, in ms: a search is over late by one step at most. */
const STEP = 4

/** How long a search may go on, and how many jobs its next step looks at: steps are sized from how long the last one took. */
export class Pace {
  readonly #end: number
  readonly #monotonic: () => number
  #begun: number
  #step = FIRST

  /** @param milliseconds that the search may take */
  constructor(milliseconds: number, monotonic: () => number) {
    this.#monotonic = monotonic
    this.#begun = monotonic()
    this.#end = this.#begun + milliseconds
  }

  /** Jobs to look at next. */
  get step(): number {
    return this.#step
  }

  /** A step was made; false when the time is up. */
  goOn(): boolean {
    const now = this.#monotonic()
    const took = Math.max(0.1, now - this.#begun)
    this.#begun = now
    // At most doubled: the jobs of one stretch may be small or in memory, those of the next not.
    this.#step = Math.round(Math.min(MOST, Math.max(LEAST, this.#step * Math.min(2, STEP / took))))
    return now < this.#end
  }
}
