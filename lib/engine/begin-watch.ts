import type { Lane, LaneJob } from '../pool/lane.ts'
import { LaneWatch } from './lane-watch.ts'

/** How often running jobs are looked at, in ms. */
const EVERY = 50

/**
 * Finds out when jobs under a rate began that are still running: their places are held until that is known, and a long job
 * only tells with its outcome.
 */
export class BeginWatch extends LaneWatch {
  readonly #began: (job: LaneJob, ran: number) => void

  /** @param began told how long the job has been running, in ms */
  constructor(lanes: () => readonly Lane[], began: (job: LaneJob, ran: number) => void) {
    super(EVERY, lanes)
    this.#began = began
  }

  protected override busy(lane: Lane): boolean {
    for (const { places } of lane.outstanding.values()) if (places !== null) return true
    return false
  }

  protected look(lane: Lane): void {
    const position = lane.running
    const job = lane.outstanding.get(position)
    if (!job || job.places === null) return
    const ran = lane.ranFor(position)
    if (ran !== null) this.#began(job, ran)
  }
}
