import type { Lane, LaneJob } from '../pool/lane.ts'

/** How often lanes with waiting jobs are looked at, in ms. */
const EVERY = 5
/** Looks at a cursor that does not move before its line is taken: a thread may only have waited for a core. */
const LOOKS = 2

/** What a job that overran is then expected to take, in ms: enough for its lane to be left alone. */
const LONG = 1_000

/**
 * Takes jobs back that wait behind one that runs longer than it was expected to: a lane whose cursor has not moved
 * between two looks gives up what it has not begun.
 */
export class StuckWatch {
  readonly #lanes: () => readonly Lane[]
  readonly #moveOn: (jobs: LaneJob[]) => void
  #timer: NodeJS.Timeout | null = null

  constructor(lanes: () => readonly Lane[], moveOn: (jobs: LaneJob[]) => void) {
    this.#lanes = lanes
    this.#moveOn = moveOn
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
    let waiting = false
    for (const lane of this.#lanes()) {
      if (lane.outstanding.size < 2) continue
      waiting = true
      if (lane.stillFor() < LOOKS) continue
      lane.expectLong(LONG)
      const jobs = lane.takeBack()
      if (jobs.length > 0) this.#moveOn(jobs)
    }
    if (!waiting) this.stop()
  }
}
