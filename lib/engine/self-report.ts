import { toWireError } from '../wire/error-codec.ts'
import type { Parts } from './parts.ts'

/** That this process answers, and what keeps it from writing. */
export function ping({ standing, turns, clock }: Parts): Record<string, unknown> {
  return { key: standing.key, pid: process.pid, at: clock.now(), fault: turns.fault && toWireError(turns.fault) }
}

export function stats({ standing, store, options }: Parts): Record<string, unknown> {
  return {
    key: standing.key,
    pid: process.pid,
    role: standing.role,
    database: store.path,
    threads: standing.pool?.lanes.length ?? 0,
    concurrency: standing.pool?.concurrency ?? options.concurrency,
    states: Object.fromEntries(Object.entries(store.counts.byState()).filter(([, jobs]) => jobs > 0)),
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
