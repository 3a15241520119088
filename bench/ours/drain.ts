import { setTimeout as sleep } from 'node:timers/promises'
import type { Opened } from './app.ts'
import { readRows } from './rows.ts'

/** Enough of the last jobs that few others can still be running when all of these are done. */
const MARKERS = 256

const TIME_LIMIT = 90_000

interface Handle {
  get(options: { timeout: number }): Promise<unknown>
}

/** Enqueues `n` no-op jobs in one call. */
export const enqueue = ({ noop }: Opened, n: number, eta: Date | null = null) =>
  noop.delayMany(
    Array.from({ length: n }, (): [] => []),
    eta ? { eta } : {},
  )

/** Waits for the last jobs of a first-in-first-out line: next to no load on what is measured, exact to a batch. */
export async function lastDone(handles: readonly Handle[]): Promise<void> {
  await Promise.all(handles.slice(-MARKERS).map((handle) => handle.get({ timeout: TIME_LIMIT })))
}

/**
 * Waits until every job after the row `after` has ended. Answers when that was, by `performance.now()`: looking at the
 * rows is not part of it.
 */
export async function allDone(file: string, handles: readonly Handle[], after = 0): Promise<number> {
  await lastDone(handles)
  let ended = performance.now()
  const deadline = ended + TIME_LIMIT
  const rows = readRows(file)
  for (let done = after; ; ) {
    const first = rows.firstUnfinished(done)
    if (first === undefined) break
    if (performance.now() > deadline) throw new Error(`jobs left over: ${JSON.stringify(rows.states())}`)
    done = first - 1
    await sleep(2)
    ended = performance.now()
  }
  rows.close()
  return ended
}

/** Starts the workers, imports the task module in each thread and lets V8 see the hot path. */
export async function startWarm(opened: Opened, jobs: number): Promise<void> {
  await opened.app.start()
  await Promise.all((await enqueue(opened, jobs)).map((handle) => handle.get({ timeout: TIME_LIMIT })))
}

/** The median of several drains: one is over too soon to tell much on a machine that others use. */
export async function medianDrainRate(opened: Opened, file: string, n: number, drains: number): Promise<number> {
  const rates: number[] = []
  while (rates.length < drains) rates.push(await drainRate(opened, file, n))
  return rates.sort((a, b) => a - b)[drains >> 1] as number
}

/** Jobs a second of draining `n` queued no-op jobs with warm workers, from the commit that stored them. */
export async function drainRate(opened: Opened, file: string, n: number): Promise<number> {
  const rows = readRows(file)
  const after = rows.last()
  const handles = await enqueue(opened, n)
  // Threads are idle, so some jobs may have ended before the promise of the enqueue resolved.
  const early = rows.succeeded(after)
  const began = performance.now()
  rows.close()
  return ((n - early) / ((await allDone(file, handles, after)) - began)) * 1000
}
