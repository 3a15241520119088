import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import Database from 'better-sqlite3'
import type { Promised } from './promised.ts'

interface Row {
  id: string
  state: string
  result: string | null
  error: string | null
}

/** A disk image, opened as SQLite does after the power came back. */
export interface Reopened {
  integrity: string
  jobs: Map<string, Row>
  orders: Set<string>
}

/** Writes an image into a folder of its own; returns the path of the database. */
export function layOut(image: ReadonlyMap<string, Buffer>, folder: string): string {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  for (const [path, bytes] of image) writeFileSync(join(folder, basename(path)), bytes)
  return join(folder, 'jobs.db')
}

/** @throws what SQLite throws when it cannot open the file */
export function reopen(database: string): Reopened {
  const db = new Database(database)
  try {
    const integrity = db.pragma('integrity_check', { simple: true }) as string
    const tables = new Set(db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck().all())
    const jobs = tables.has('celeriac_jobs')
      ? (db.prepare('SELECT id, state, result, error FROM celeriac_jobs').all() as Row[])
      : []
    const orders = tables.has('orders') ? (db.prepare('SELECT job FROM orders').pluck().all() as string[]) : []
    return { integrity, jobs: new Map(jobs.map((row) => [row.id, row])), orders: new Set(orders) }
  } finally {
    db.close()
  }
}

/** What a file holds, as promises of it. */
export function heldBy({ jobs }: Reopened): Promised[] {
  return [...jobs.values()].map(({ id, state, result }) =>
    state === 'SUCCESS' ? { ended: id, state, value: JSON.parse(result ?? 'null') } : { stored: [id] },
  )
}

/** What of a promise the file no longer knows, or null when it holds. */
export function broken(promised: Promised, { jobs, orders }: Reopened): string | null {
  if ('stored' in promised) {
    const lost = promised.stored.filter((id) => !jobs.has(id))
    if (lost.length > 0) return `${lost.length} of ${promised.stored.length} acknowledged jobs are gone`
    const id = promised.stored[0] as string
    return promised.order && !orders.has(id) ? `job ${id} is there and the row of its transaction is not` : null
  }
  const row = jobs.get(promised.ended)
  if (!row) return `job ${promised.ended} is gone`
  const value = row.state === 'SUCCESS' ? JSON.parse(row.result ?? 'null') : messageOf(row.error)
  return row.state === promised.state && value === promised.value
    ? null
    : `job ${row.id} was reported as ${promised.state} ${String(promised.value)} and is ${row.state} ${String(value)}`
}

const messageOf = (error: string | null): string | null =>
  error === null ? null : (JSON.parse(error) as { message: string }).message

/** An order without its job, or the other way round: the transaction was torn. */
export function tornTransactions({ jobs, orders }: Reopened): string[] {
  return [...orders].filter((id) => !jobs.has(id)).map((id) => `the row of job ${id} is there and the job is not`)
}
