import Database from 'better-sqlite3'
import { v7 } from 'uuid'
import { expectEqual } from '../check.ts'

interface Claimed {
  readonly key: number
  readonly task: string
  readonly args: string
}

/**
 * The raw baseline: better-sqlite3 in the calling thread, WAL, synchronous FULL, the cache as large as the library's,
 * all else (so checkpoints too) as SQLite has it. One STRICT table with the least that the work needs: the caller-made id a job must be found by, the task, its arguments, a
 * state, the result; one partial index, of the queued. No queues, priorities, attempts, leases, times, limits.
 * Ids are made beforehand and the arguments are a constant text: only SQLite and the disk are timed.
 */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS jobs (
    id TEXT PRIMARY KEY, task TEXT NOT NULL, args TEXT NOT NULL, state INTEGER NOT NULL, result TEXT
  ) STRICT;
  CREATE INDEX IF NOT EXISTS jobs_queued ON jobs (state) WHERE state = 0;`

export function rawJobs(
  file: string,
  capacity: number,
  { synchronous = 'FULL', checkpoints = true }: { synchronous?: 'FULL' | 'NORMAL'; checkpoints?: boolean } = {},
) {
  const db = new Database(file)
  db.pragma('journal_mode = WAL')
  db.pragma(`synchronous = ${synchronous}`)
  if (!checkpoints) db.pragma('wal_autocheckpoint = 0')
  db.pragma('cache_size = -4000')
  db.pragma('cache_spill = 4000')
  db.exec(SCHEMA)
  const ids = Array.from({ length: capacity }, () => v7())
  let next = 0

  const insertOne = db.prepare<[string]>(`INSERT INTO jobs (id, task, args, state) VALUES (?, 'noop', '[]', 0)`)
  const claimSome = db.prepare<[number], Claimed>(
    `UPDATE jobs SET state = 1 WHERE rowid IN (SELECT rowid FROM jobs WHERE state = 0 ORDER BY rowid LIMIT ?)
     RETURNING rowid AS key, task, args`,
  )
  const finishOne = db.prepare<[string, number]>('UPDATE jobs SET state = 2, result = ? WHERE rowid = ?')
  const countStates = db.prepare<[], { state: number; n: number }>(
    'SELECT state, count(*) AS n FROM jobs GROUP BY state ORDER BY state',
  )

  const insertAll = db.transaction((n: number) => {
    for (let i = 0; i < n; i++) insertOne.run(ids[next++] as string)
  })
  const finishAll = db.transaction((jobs: readonly Claimed[], result: string) => {
    for (const job of jobs) finishOne.run(result, job.key)
  })

  return {
    /** One row, one commit. */
    insert: () => void insertOne.run(ids[next++] as string),
    /** `n` rows, one commit. */
    insertMany: (n: number) => insertAll.immediate(n),
    /** Up to `n` of the oldest queued, one commit. */
    claim: (n: number): readonly Claimed[] => claimSome.all(n),
    /** One commit for all. */
    finish: (jobs: readonly Claimed[], result: string) => finishAll.immediate(jobs, result),
    /** Throws unless exactly `queued` jobs wait and `finished` have ended. */
    expect(queued: number, finished: number) {
      const expected = [
        ...(queued > 0 ? [{ state: 0, n: queued }] : []),
        ...(finished > 0 ? [{ state: 2, n: finished }] : []),
      ]
      expectEqual(countStates.all(), expected, 'rows of the raw baseline by state')
    },
    checkpoint: () => void db.pragma('wal_checkpoint(PASSIVE)'),
    close: () => void db.close(),
  }
}
