import type { ReadyRow } from '../store/jobs/claim.ts'
import type { Gate } from './gates.ts'

/** A queue's jobs of one task. */
export interface LineState {
  queue: string
  task: string
  /** Whether a due job may lie in it. */
  open: boolean
}

/** A line being read in one claim. */
export interface Cursor {
  line: LineState
  main: boolean
  gates: readonly Gate[]
  rows: ReadyRow[]
  at: number
  more: boolean
}

/** The cursor whose next job goes first. */
export function lowest(cursors: Cursor[]): Cursor {
  let best = cursors[0]!
  for (let i = 1; i < cursors.length; i++) {
    const [seq, rank] = cursors[i]!.rows[cursors[i]!.at]!
    const [bestSeq, bestRank] = best.rows[best.at]!
    if (rank < bestRank || (rank === bestRank && seq < bestSeq)) best = cursors[i]!
  }
  return best
}

/** Every thread has enough to do: what runs on the main thread goes on. */
export function removeThreadCursors(cursors: Cursor[]): void {
  for (let i = cursors.length - 1; i >= 0; i--) if (!cursors[i]!.main) cursors.splice(i, 1)
}
