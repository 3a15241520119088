import Database from 'better-sqlite3'

/** What the file says by itself when the last process has stopped. */
export function books(database: string): string[] {
  const db = new Database(database, { readonly: true })
  try {
    const number = (sql: string): number => db.prepare(sql).pluck().get() as number
    const wrong: string[] = []
    const integrity = db.pragma('integrity_check', { simple: true }) as string
    if (integrity !== 'ok') wrong.push(`integrity_check says ${integrity}`)
    const processes = number('SELECT count(*) FROM celeriac_processes')
    if (processes > 0) wrong.push(`${processes} processes are on the books after the last one stopped`)
    for (const state of ['SUCCESS', 'FAILURE', 'REVOKED', 'EXPIRED']) {
      const rows = number(`SELECT count(*) FROM celeriac_jobs WHERE state = '${state}'`)
      const counted = number(`SELECT coalesce(sum(jobs), 0) FROM celeriac_counts WHERE state = '${state}'`)
      if (counted !== rows) wrong.push(`${rows} jobs are ${state}, and ${counted} are counted`)
    }
    return wrong
  } finally {
    db.close()
  }
}
