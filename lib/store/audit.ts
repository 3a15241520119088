import type { Connection, Statement } from './driver.ts'

/** Entries that are kept; older ones go as new ones come. */
const KEPT = 10_000

export interface AuditRow {
  seq: number
  at: number
  user: string
  action: string
  target: string
  outcome: string | null
}

/** What people changed by hand. */
export class Audit {
  readonly #insert: Statement
  readonly #end: Statement
  readonly #trim: Statement
  readonly #latest: Statement

  constructor(db: Connection) {
    this.#insert = db.prepare('INSERT INTO celeriac_audit (at, user, action, target) VALUES (?, ?, ?, ?)')
    this.#end = db.prepare('UPDATE celeriac_audit SET outcome = ? WHERE seq = ?')
    this.#trim = db.prepare(`DELETE FROM celeriac_audit WHERE seq <= ? - ${KEPT}`)
    this.#latest = db.prepare(
      'SELECT seq, at, user, action, target, outcome FROM celeriac_audit ORDER BY seq DESC LIMIT ? + 0',
    )
  }

  /** Returns the entry's number. */
  begin(user: string, action: string, target: string, now: number): number {
    const seq = Number(this.#insert.run(now, user, action, target).lastInsertRowid)
    this.#trim.run(seq)
    return seq
  }

  end(seq: number, outcome: string): void {
    this.#end.run(outcome, seq)
  }

  /** The latest first. */
  latest(limit: number): AuditRow[] {
    return this.#latest.all(limit) as AuditRow[]
  }
}
