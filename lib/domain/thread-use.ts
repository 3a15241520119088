/** What the jobs that a process has claimed do with its threads. */
export interface ThreadUse {
  /** Threads of the pool that are busy. */
  busy: number
  /** Jobs beyond that were handed to threads and wait behind others. */
  behind: number
  /** Jobs on the application's own thread, which is none of the pool's. */
  main: number
}

/**
 * @param running `thread` from 1 those of the pool, 0 the application's own, null of what waits behind another or is not known
 * @param threads most that the pool may open
 */
export function threadUse(running: readonly { thread: number | null }[], threads: number): ThreadUse {
  const main = running.filter(({ thread }) => thread === 0).length
  const given = running.length - main
  const busy = Math.min(given, threads)
  return { busy, behind: given - busy, main }
}
