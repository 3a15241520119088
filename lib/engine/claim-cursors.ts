import type { ReadyRow } from '../store/jobs/claim.ts'
import type { Gate } from './gates.ts'

/** A queue's jobs of one task. */
export interface LineState {
  queue: string
  task: string
  /** Whether a due job may lie in it. */
  open: boolean
  /** The place in it up to which everything is claimed or gone, so that it need not be read again. */
  rank: number
  seq: number
  /** That place once the present claim is committed. */
  reached: readonly [rank: number, seq: number] | null
}

/** Before the first job of any line. */
const BEGINNING = Number.MIN_SAFE_INTEGER

/** The lines that have been seen, and how far each of them is claimed. */
export class Lines implements Iterable<LineState> {
  readonly #lines = new Map<string, LineState>()

  /** Due jobs may have appeared in a line. @param rank none of them has a lower one; new ones come after others of theirs */
  open(queue: string, task: string, rank = BEGINNING): void {
    const key = `${queue}\0${task}`
    const line = this.#lines.get(key)
    if (!line) {
      this.#lines.set(key, { queue, task, open: true, rank: BEGINNING, seq: 0, reached: null })
      return
    }
    line.open = true
    line.reached = null
    if (rank > line.rank) return
    line.rank = rank
    line.seq = 0
  }

  [Symbol.iterator](): Iterator<LineState> {
    return this.#lines.values()
  }

  /** Whether a due job may lie in any of them. */
  get someOpen(): boolean {
    for (const line of this.#lines.values()) if (line.open) return true
    return false
  }

  /** A claim begins. */
  begin(): void {
    for (const line of this.#lines.values()) line.reached = null
  }

  /** The claim was committed. */
  committed(): void {
    for (const line of this.#lines.values()) {
      if (!line.reached) continue
      ;[line.rank, line.seq] = line.reached
      line.reached = null
    }
  }

  /** Jobs may have appeared anywhere, in lines that are known. */
  rewind(): void {
    for (const line of this.#lines.values()) line.rank = BEGINNING
  }

  clear(): void {
    this.#lines.clear()
  }
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
