import type { Lane } from '../pool/lane.ts'

/** A lane takes another job while what lies in it is expected to run no longer than this, in ms. */
export const BACKLOG_TARGET = 16
/** Most jobs outstanding in one lane: half the ring that records which were begun. */
export const LANE_LIMIT = 256

/** Where the jobs of one claim go: always to the lane with the least to do. */
export class Placement<J> {
  readonly plan = new Map<Lane, J[]>()
  readonly #lanes: { lane: Lane; backlog: number; count: number; limit: number }[]

  /** @param share most jobs that a lane runs before its thread is replaced; 0 for no limit */
  constructor(lanes: readonly Lane[], share = 0) {
    this.#lanes = lanes
      .filter((lane) => lane.ready && !lane.closed)
      .map((lane) => ({
        lane,
        backlog: lane.backlog,
        count: lane.outstanding.size,
        limit: share === 0 ? LANE_LIMIT : Math.min(LANE_LIMIT, Math.max(0, share - lane.jobsRun)),
      }))
  }

  /** How many jobs of this expected length the lanes take. */
  capacity(expected: number): number {
    let capacity = 0
    for (const { backlog, count, limit } of this.#lanes) {
      if (count >= limit || (count > 0 && backlog > BACKLOG_TARGET)) continue
      capacity += Math.min(limit - count, 1 + Math.floor((BACKLOG_TARGET - backlog) / Math.max(expected, 0.001)))
    }
    return capacity
  }

  /** False when every lane has enough to do. */
  place(job: J, expected: number): boolean {
    let best: { lane: Lane; backlog: number; count: number; limit: number } | null = null
    for (const candidate of this.#lanes) {
      if (candidate.count >= candidate.limit || (candidate.count > 0 && candidate.backlog > BACKLOG_TARGET)) continue
      if (
        !best ||
        candidate.backlog < best.backlog ||
        (candidate.backlog === best.backlog && candidate.count < best.count)
      ) {
        best = candidate
      }
    }
    if (!best) return false
    best.backlog += expected
    best.count++
    const planned = this.plan.get(best.lane)
    if (planned) planned.push(job)
    else this.plan.set(best.lane, [job])
    return true
  }
}
