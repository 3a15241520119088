import type { Lane } from '../pool/lane.ts'

/** A lane takes another job while what lies in it is expected to run no longer than this, in ms. */
export const BACKLOG_TARGET = 16
/** Most jobs outstanding in one lane: half the ring that records which were begun. */
export const LANE_LIMIT = 256

/** Most jobs, and longest expected time in ms, that one lane gets in a row: neighbours that run together are written together. */
const ROW = 32
const ROW_TIME = 0.1

interface Room {
  lane: Lane
  backlog: number
  count: number
  limit: number
}

/** Where the jobs of one claim go: always to the lane with the least to do, very short ones a few in a row. */
export class Placement<J> {
  readonly plan = new Map<Lane, J[]>()
  readonly #lanes: Room[]
  #last: Room | null = null
  #more = 0

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
    const best = this.#more > 0 && this.#last && takes(this.#last) ? this.#last : this.#least()
    if (!best) return false
    if (best !== this.#last || this.#more === 0)
      this.#more = Math.min(ROW, Math.floor(ROW_TIME / Math.max(expected, 0.001)))
    this.#more = Math.max(0, this.#more - 1)
    this.#last = best
    best.backlog += expected
    best.count++
    const planned = this.plan.get(best.lane)
    if (planned) planned.push(job)
    else this.plan.set(best.lane, [job])
    return true
  }

  #least(): Room | null {
    let best: Room | null = null
    for (const room of this.#lanes) {
      if (!takes(room)) continue
      if (!best || room.backlog < best.backlog || (room.backlog === best.backlog && room.count < best.count))
        best = room
    }
    return best
  }
}

function takes({ count, backlog, limit }: Room): boolean {
  return count < limit && (count === 0 || backlog <= BACKLOG_TARGET)
}
