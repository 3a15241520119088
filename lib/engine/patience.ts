import type { Lane } from '../pool/lane.ts'

/** Longest time for which ends of jobs gather before the turn that writes them, in ms. */
export const LONGEST = 8
/** What each thread has left to do when that turn begins, which gives it more, in ms. */
const REFILL = 3

/**
 * How long the ends of jobs may wait for others, in ms: while every thread has work enough, a turn for each would only take
 * the cores from them. 0 for not at all.
 */
export function patience(
  lanes: readonly Pick<Lane, 'ready' | 'closed' | 'outstanding' | 'backlog' | 'runningFor'>[],
): number {
  let least = LONGEST + REFILL
  let open = false
  for (const lane of lanes) {
    if (lane.closed || !lane.ready) continue
    open = true
    if (lane.outstanding.size === 0) return 0
    least = Math.min(least, lane.backlog - lane.runningFor)
  }
  return open && least >= REFILL + 1 ? least - REFILL : 0
}
