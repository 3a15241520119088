import { availableParallelism } from 'node:os'

/** Longest time that a thread stays awake for what may come, in ms: as much as it takes to fall asleep and be woken a few times. */
const LONGEST = 0.08

/**
 * Keeps the engine's thread awake for a moment after a turn, so that what a caller asks next, or a thread answers, need
 * not wake it: that takes as long as half a commit. Only while what comes does come within that moment: a vigil that was
 * held in vain is the last one until somebody is as fast again, so that a pace which is slower costs nothing.
 */
export class Vigil {
  readonly #useful: boolean
  readonly #now: () => number
  #begun: number | null = null
  #quick = false
  #awake = false

  /**
   * @param useful with one core it would keep the very thread waiting that is to ask
   * @param now milliseconds, of any beginning
   */
  constructor(useful = availableParallelism() > 1, now = () => performance.now()) {
    this.#useful = useful
    this.#now = now
  }

  /** A turn has ended, and another is not due. */
  begin(): void {
    if (!this.#useful) return
    this.#begun = this.#now()
    if (this.#quick) this.#stay()
  }

  /** What was waited for has come. */
  end(): void {
    if (this.#begun === null) return
    this.#quick = this.#now() - this.#begun < LONGEST
    this.#begun = null
  }

  #stay(): void {
    if (this.#awake) return
    this.#awake = true
    setImmediate(this.#look)
  }

  /** The event loop does not sleep while such a callback waits, and hears of all that comes in between. */
  readonly #look = (): void => {
    this.#awake = false
    if (this.#begun !== null && this.#now() - this.#begun < LONGEST) this.#stay()
  }
}
