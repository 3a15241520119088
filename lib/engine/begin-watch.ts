import type { Lane, LaneJob } from '../pool/lane.ts'
import { LaneWatch } from './lane-watch.ts'

/** How often running jobs are looked at, in ms. */
const EVERY = 50

/** Whether a job holds a place of a rate, for it is not known as yet when it began. */
export const holdsPlace = ({ places, keyRate }: LaneJob): boolean => places !== null || keyRate !== null

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
    for (const job of lane.outstanding.values()) if (holdsPlace(job)) return true
    return false
  }

  protected look(lane: Lane): void {
    const position = lane.running
    const job = lane.outstanding.get(position)
    if (!job || !holdsPlace(job)) return
    const ran = lane.ranFor(position)
    if (ran !== null) this.#began(job, ran)
  }
}
