import type { Lane } from '../pool/lane.ts'
import type { LogChunk } from '../wire/messages.ts'

/** How often running jobs are looked at, in ms: bounds when what a task said can be read. */
const EVERY = 200

/** Fetches what running tasks have said and their threads have not sent: most could only send it when the task ends. */
export class TailWatch {
  readonly #lanes: () => readonly Lane[]
  readonly #logged: (lane: Lane, chunk: LogChunk) => void
  #timer: NodeJS.Timeout | null = null

  constructor(lanes: () => readonly Lane[], logged: (lane: Lane, chunk: LogChunk) => void) {
    this.#lanes = lanes
    this.#logged = logged
  }

  /** Jobs were handed out. */
  watch(): void {
    this.#timer ??= setInterval(() => this.#look(), EVERY)
  }

  stop(): void {
    if (this.#timer) clearInterval(this.#timer)
    this.#timer = null
  }

  #look(): void {
    let running = false
    for (const lane of this.#lanes()) {
      if (lane.outstanding.size === 0) continue
      running = true
      const chunk = lane.logTail.take()
      if (chunk) this.#logged(lane, chunk)
    }
    if (!running) this.stop()
  }
}
