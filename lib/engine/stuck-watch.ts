import type { Lane, LaneJob } from '../pool/lane.ts'
import { LaneWatch } from './lane-watch.ts'

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
export class StuckWatch extends LaneWatch {
  readonly #moveOn: (jobs: LaneJob[]) => void

  constructor(lanes: () => readonly Lane[], moveOn: (jobs: LaneJob[]) => void) {
    super(EVERY, lanes)
    this.#moveOn = moveOn
  }

  /** One that runs, and another behind it. */
  protected override busy(lane: Lane): boolean {
    return lane.outstanding.size >= 2
  }

  protected look(lane: Lane): void {
    if (lane.stillFor() < LOOKS) return
    lane.expectLong(LONG)
    const jobs = lane.takeBack()
    if (jobs.length > 0) this.#moveOn(jobs)
  }
}
