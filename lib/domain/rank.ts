/** Milliseconds of head start that one priority level is worth. */
export const HEAD_START = 3_600_000

/**
 * The sort key of a claim, lowest first: when the job became due, less an hour for each level of priority. Within a
 * priority this is first in, first out; between priorities the higher goes first, and a job that has waited an hour
 * a level longer goes before it, so a stream of urgent jobs never starves the rest.
 */
export function rankOf(dueAt: number, priority: number): number {
  return dueAt - priority * HEAD_START
}

/** When a job of this rank became due. */
export function dueAt(rank: number, priority: number): number {
  return rank + priority * HEAD_START
}
