import { ThreadsStuck } from '../errors.ts'
import { toWireError } from '../wire/error-codec.ts'
import type { Parts } from './parts.ts'

/** That this process answers, and what keeps it from writing. */
export function ping({ standing, turns, clock }: Parts): Record<string, unknown> {
  const stuck = standing.pool?.stuck ?? 0
  const fault = turns.fault ?? (standing.pool?.exhausted ? stuckError(stuck) : null)
  return { key: standing.key, pid: process.pid, at: clock.now(), stuck, fault: fault && toWireError(fault) }
}

export function stuckError(threads: number): ThreadsStuck {
  return new ThreadsStuck(
    `${threads} ${threads === 1 ? 'thread is' : 'threads are'} stuck in native code (a synchronous read, a long SQL statement) after being told to end — find the task in the log, or start the process anew`,
  )
}

/** Without the counts by state: where many jobs wait they take long, and are not this process's alone. */
export function stats({ standing, store, options }: Parts): Record<string, unknown> {
  return {
    key: standing.key,
    pid: process.pid,
    role: standing.role,
    database: store.path,
    threads: standing.pool?.lanes.length ?? 0,
    busy: standing.pool?.busy ?? 0,
    stuck: standing.pool?.stuck ?? 0,
    restarts: standing.pool?.restarts ?? 0,
    concurrency: standing.pool?.concurrency ?? options.concurrency,
    memory: process.memoryUsage.rss(),
  }
}

/** Ids of the jobs that run in this process. */
export function active({ standing, main }: Parts): string[] {
  const ids = [...main.outstanding.values()].map(({ id }) => id)
  for (const lane of standing.pool?.lanes ?? []) {
    const job = lane.outstanding.get(lane.running)
    if (job) ids.push(job.id)
  }
  return ids
}

/** Ids of the jobs that were handed to a thread of this process and not begun. */
export function reserved({ standing }: Parts): string[] {
  const ids: string[] = []
  for (const lane of standing.pool?.lanes ?? []) {
    const { running } = lane
    for (const [position, { id }] of lane.outstanding) if (position !== running) ids.push(id)
  }
  return ids
}
