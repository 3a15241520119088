import type { Notice } from '../wire/messages.ts'
import type { Vitals } from '../wire/reading.ts'
import type { Standing } from './standing.ts'

/** What this process says of itself with each beat: how late its two event loops were, its threads, its memory. */
export class VitalSigns {
  readonly #standing: Standing
  readonly #post: (notice: Notice) => void
  #engineDelay = 0
  #appDelay: number | null = null
  /** When the application's thread was asked, in monotonic ms; null once it has answered. */
  #askedAt: number | null = null

  constructor(standing: Standing, post: (notice: Notice) => void) {
    this.#standing = standing
    this.#post = post
  }

  /** A timer of the engine rang so many ms late. */
  late(milliseconds: number): void {
    if (milliseconds > this.#engineDelay) this.#engineDelay = milliseconds
  }

  /** Asks the application's thread how late its event loop was since it was last asked. */
  ask(monotonic: number): void {
    if (this.#askedAt !== null) return
    this.#askedAt = monotonic
    this.#post({ type: 'loop-delay-asked' })
  }

  /** @param milliseconds null from a thread that has only now begun to watch its loop */
  answered(milliseconds: number | null): void {
    this.#askedAt = null
    this.#appDelay = milliseconds
  }

  /** Since the last reading; the engine's delay counts anew from here. */
  read(monotonic: number): Vitals {
    const { pool } = this.#standing
    // An application's thread that does not answer has been busy for so long at least.
    const appDelay = this.#askedAt === null ? this.#appDelay : Math.max(this.#appDelay ?? 0, monotonic - this.#askedAt)
    const engineDelay = this.#engineDelay
    this.#engineDelay = 0
    return {
      memory: process.memoryUsage.rss(),
      threads: pool?.lanes.length ?? 0,
      busy: pool?.busy ?? 0,
      stuck: pool?.stuck ?? 0,
      restarts: pool?.restarts ?? 0,
      engineDelay: Math.round(engineDelay),
      appDelay: appDelay === null ? null : Math.round(appDelay),
    }
  }
}
