import { readdirSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import Database from 'better-sqlite3'
import { slotKey } from './slot-key.ts'

export interface FinalJob {
  seq: number
  id: string
  key: string
  task: string
  state: string
  attempt: number
  maxAttempts: number
  crashes: number
  finishedAt: number | null
  schedule: string | null
  scheduledFor: number | null
  result: unknown
  error: { name: string; message: string; code?: string } | null
  attempts: { number: number; outcome: string }[]
}

/** The database as it is once every process has ended. */
export interface FinalFile {
  integrity: string
  jobs: FinalJob[]
  /** Keys in the application's own table, written by the transactions that enqueued. */
  orders: Set<string>
  slots: { schedule: string; slot: number; outcome: string; jobId: string | null }[]
  /** Ended jobs by state, as the library counts them. */
  counters: Record<string, number>
  /** Processes still on the books. */
  processes: number
  /** Files that dead processes left beside the database. */
  litter: string[]
}

type Row = Omit<FinalJob, 'key' | 'result' | 'error' | 'attempts'> & {
  args: string
  result: string | null
  error: string | null
}

/** The application's own table, made before the first process so that the file is the application's. */
export function createOwnTable(database: string): void {
  const db = new Database(database)
  db.pragma('journal_mode = WAL')
  db.exec('CREATE TABLE orders (key TEXT PRIMARY KEY) STRICT')
  db.close()
}

export function readFinalFile(database: string): FinalFile {
  const db = new Database(database, { readonly: true })
  try {
    const attempts = new Map<number, { number: number; outcome: string }[]>()
    for (const { job, number, outcome } of db
      .prepare('SELECT job, number, outcome FROM celeriac_attempts ORDER BY ended_at, number')
      .all() as { job: number; number: number; outcome: string }[]) {
      const list = attempts.get(job)
      if (list) list.push({ number, outcome })
      else attempts.set(job, [{ number, outcome }])
    }
    const rows = db
      .prepare(`SELECT seq, id, task, state, attempt, max_attempts AS maxAttempts, crashes, finished_at AS finishedAt,
        schedule, scheduled_for AS scheduledFor, args, result, error FROM celeriac_jobs_now ORDER BY seq`)
      .all() as Row[]
    return {
      integrity: db.pragma('integrity_check', { simple: true }) as string,
      jobs: rows.map(({ args, result, error, ...row }) => ({
        ...row,
        key: keyOf(row, args),
        result: result === null ? undefined : JSON.parse(result),
        error: error === null ? null : JSON.parse(error),
        attempts: attempts.get(row.seq) ?? [],
      })),
      orders: new Set(db.prepare('SELECT key FROM orders').pluck().all() as string[]),
      slots: db
        .prepare('SELECT schedule, slot, outcome, job_id AS jobId FROM celeriac_slots')
        .all() as FinalFile['slots'],
      counters: Object.fromEntries(
        (db.prepare('SELECT state, jobs FROM celeriac_counts').all() as { state: string; jobs: number }[]).map(
          ({ state, jobs }) => [state, jobs],
        ),
      ),
      processes: db.prepare('SELECT count(*) FROM celeriac_processes').pluck().get() as number,
      litter: readdirSync(dirname(database)).filter(
        (name) => name.startsWith(`${basename(database)}.`) && /\.(alive|begun)(-journal)?$/.test(name),
      ),
    }
  } finally {
    db.close()
  }
}

/** A job's key is its first argument; a schedule's jobs add their slot. */
function keyOf(row: { scheduledFor: number | null }, args: string): string {
  const [key] = JSON.parse(args) as [string]
  return row.scheduledFor === null ? key : slotKey(key, row.scheduledFor)
}
