import type { Lane } from '../pool/lane.ts'

/** Looks at lanes at intervals, for as long as one of them has something to look at. */
export abstract class LaneWatch {
  readonly #every: number
  readonly #lanes: () => readonly Lane[]
  #timer: NodeJS.Timeout | null = null

  /** @param every ms between two looks */
  constructor(every: number, lanes: () => readonly Lane[]) {
    this.#every = every
    this.#lanes = lanes
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

  /** Whether there is anything to look at in a lane. */
  protected busy(lane: Lane): boolean {
    return lane.outstanding.size > 0
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
