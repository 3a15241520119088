import Database from 'better-sqlite3'
import { expectEqual } from '../check.ts'

/**
 * Looks at the rows from outside the library, so that a lost or failed job cannot pass as done. What is asked while a
 * trial runs reads only the rows after `after`, so that a million old ones cost nothing.
 */
export function readRows(file: string) {
  const db = new Database(file, { readonly: true })
  const last = db.prepare<[], number>('SELECT coalesce(max(rowid), 0) FROM celeriac_jobs').pluck()
  const succeeded = db
    .prepare<[number], number>(`SELECT count(*) FROM celeriac_jobs WHERE rowid > ? AND state = 'SUCCESS'`)
    .pluck()
  const unfinished = db
    .prepare<[number], number>(
      `SELECT rowid FROM celeriac_jobs WHERE rowid > ? AND state NOT IN ('SUCCESS', 'FAILURE', 'REVOKED', 'EXPIRED')
       ORDER BY rowid LIMIT 1`,
    )
    .pluck()
  const states = db.prepare<[], { state: string; n: number }>(
    'SELECT state, count(*) AS n FROM celeriac_jobs GROUP BY state ORDER BY state',
  )
  return {
    last: (): number => last.get() ?? 0,
    succeeded: (after: number): number => succeeded.get(after) ?? 0,
    firstUnfinished: (after: number): number | undefined => unfinished.get(after),
    states: () => Object.fromEntries(states.all().map(({ state, n }) => [state, n])),
    close: () => void db.close(),
  }
}

/** Throws unless the file holds exactly these jobs, e.g. `{ SUCCESS: 50_000 }`. */
export function expectRows(file: string, expected: Readonly<Record<string, number>>): void {
  const rows = readRows(file)
  try {
    const sorted = (counts: object): object => Object.fromEntries(Object.entries(counts).sort())
    expectEqual(sorted(rows.states()), sorted(expected), 'jobs by state')
  } finally {
    rows.close()
  }
}
