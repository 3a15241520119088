import { availableParallelism } from 'node:os'
import type { Bells, Ringer } from './bells.ts'

/** How often a look at the bell is repeated before the event loop is given its turn: some microseconds. */
const LOOKS = 2_000
/** Time within which a thread that has a core hears what was posted to it, in ms. */
const HEARS_WITHIN = 0.025
/** Vigils that must be worth it for one in vain: that one cost as much as these saved. */
const PRICE = 4
const MOST_CREDIT = 16
/** Waits without one when there is no credit left; twice as many after each time, up to a limit. */
const REST = 8
const LONGEST_REST = 512

/** What else is awaited while a vigil is held. */
export interface Door {
  /** From now on somebody looks. */
  open(): void
  look(): void
  /** Nobody looks any more, but for once now. */
  close(): void
}

/**
 * Keeps a thread awake for a moment while it waits for another, which then need not wake it: that takes as long as half a
 * commit. Only while what comes does come within that moment, so that a pace which is slower costs nothing; and only if
 * the other is heard to be at work at once, for else it may be waiting for the very core that this one keeps.
 */
export class Vigil {
  readonly #longest: number
  readonly #bells: Bells
  readonly #ringer: Ringer
  readonly #cores: number
  readonly #now: () => number
  readonly #door: Door | null
  #heard = 0
  #begun: number | null = null
  #until = 0
  #held = false
  #quick = false
  #awake = false
  #credit = 0
  #rest = 0
  #nextRest = REST

  /**
   * @param longest time that the thread stays awake, in ms: not much more than it takes to fall asleep and be woken a few times
   * @param ringer who is waited for; others are heard as well, some microseconds later
   * @param door kept open for as long as a vigil is held
   * @param now milliseconds, of any beginning
   */
  constructor(
    longest: number,
    bells: Bells,
    ringer: Ringer,
    door: Door | null = null,
    cores = availableParallelism(),
    now = () => performance.now(),
  ) {
    this.#longest = longest
    this.#bells = bells
    this.#ringer = ringer
    this.#door = door
    this.#cores = cores
    this.#now = now
  }

  /** Something is about to be posted to the one who is waited for, who is to be heard from then on. */
  listen(): void {
    this.#heard = this.#bells.heard(this.#ringer)
  }

  /**
   * A wait begins.
   * @param others threads that want a core meanwhile: without one to spare, this one would keep them waiting
   */
  begin(others: number): void {
    if (this.#cores <= others) return
    this.#begun = this.#now()
    this.#held = this.#quick && this.#rest === 0
    if (!this.#held) return
    this.#until = this.#begun + HEARS_WITHIN
    this.#stay()
  }

  /** What was waited for has come. */
  end(): void {
    if (this.#begun === null) return
    const now = this.#now()
    this.#quick = now - this.#begun < this.#longest
    this.#begun = null
    if (this.#held) this.#judge(now < this.#until)
    else if (this.#quick && this.#rest > 0) this.#rest--
  }

  #judge(worthIt: boolean): void {
    this.#credit += worthIt ? 1 : -PRICE
    if (this.#credit >= MOST_CREDIT) {
      this.#credit = MOST_CREDIT
      this.#nextRest = REST
    } else if (this.#credit < 0) {
      this.#credit = 0
      this.#rest = this.#nextRest
      this.#nextRest = Math.min(LONGEST_REST, 2 * this.#nextRest)
    }
  }

  #stay(): void {
    if (this.#awake) return
    this.#awake = true
    this.#door?.open()
    setImmediate(this.#look)
  }

  /**
   * The event loop does not sleep while such a callback waits, and hears of all that comes in between. Each makes garbage,
   * which is why it looks more than once.
   */
  readonly #look = (): void => {
    if (this.#begun !== null) {
      for (let i = 0; i < LOOKS && this.#bells.heard(this.#ringer) === this.#heard; i++);
      const heard = this.#bells.heard(this.#ringer)
      if (heard !== this.#heard) {
        this.#heard = heard
        this.#until = this.#begun + this.#longest
        this.#door?.look()
      }
    }
    if (this.#begun !== null && this.#now() < this.#until) {
      setImmediate(this.#look)
    } else {
      this.#awake = false
      this.#door?.close()
    }
  }
}
