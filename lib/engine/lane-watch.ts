import type { Lane } from '../pool/lane.ts'

/** Looks at lanes at intervals, for as long as one of them has so much to do. */
export abstract class LaneWatch {
  readonly #every: number
  readonly #lanes: () => readonly Lane[]
  readonly #least: number
  #timer: NodeJS.Timeout | null = null

  /**
   * @param every ms between two looks
   * @param least jobs that a lane must hold to be looked at
   */
  constructor(every: number, lanes: () => readonly Lane[], least: number) {
    this.#every = every
    this.#lanes = lanes
    this.#least = least
  }

  /** Jobs were handed out. */
  watch(): void {
    this.#timer ??= setInterval(() => this.#look(), this.#every)
  }

  stop(): void {
    if (this.#timer) clearInterval(this.#timer)
    this.#timer = null
  }

  protected abstract look(lane: Lane): void

  protected busy(lane: Lane): boolean {
    return lane.outstanding.size >= this.#least
  }

  #look(): void {
    let busy = false
    for (const lane of this.#lanes()) {
      if (!this.busy(lane)) continue
      busy = true
      this.look(lane)
    }
    if (!busy) this.stop()
  }
}
