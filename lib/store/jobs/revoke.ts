import type { State } from '../../domain/states.ts'
import type { Connection, Statement } from '../driver.ts'

export interface Revoking {
  seq: number
  token: number
  terminate: boolean
  reason: string | null
}

/** Takes jobs back before or while they run, and forgets results. The caller holds the transaction. */
export class JobRevocations {
  readonly #waiting: Statement
  readonly #running: Statement
  readonly #asked: Statement
  readonly #state: Statement
  readonly #forget: Statement

  constructor(db: Connection) {
    this.#waiting = db.prepare(`UPDATE celeriac_jobs SET state = 'REVOKED', finished_at = ?, revoke_reason = ?
      WHERE id = ? AND state IN ('SCHEDULED', 'PENDING', 'BLOCKED', 'RETRY')`)
    this.#running =
      db.prepare(`UPDATE celeriac_jobs SET revoke_asked = max(coalesce(revoke_asked, 0), ?), revoke_reason = ?
      WHERE id = ? AND state = 'STARTED'`)
    this.#asked =
      db.prepare(`SELECT seq, token, revoke_asked = 2 AS terminate, revoke_reason AS reason FROM celeriac_jobs
      WHERE revoke_asked IS NOT NULL AND state = 'STARTED' AND owner = ?`)
    this.#state = db.prepare('SELECT state FROM celeriac_jobs WHERE id = ?').pluck()
    this.#forget =
      db.prepare(`UPDATE celeriac_jobs SET result = NULL, args = '[]', codec = 'json', progress = NULL, forgotten = 1
      WHERE id = ? AND state IN ('SUCCESS', 'FAILURE', 'REVOKED', 'EXPIRED')`)
  }

  /** Ends a waiting job, or asks whoever runs it to end it; `null` for an id that was never stored. */
  revoke(id: string, terminate: boolean, reason: string | null, now: number): State | null {
    if (this.#waiting.run(now, reason, id).changes === 0) this.#running.run(terminate ? 2 : 1, reason, id)
    return (this.#state.get(id) as State | undefined) ?? null
  }

  /** Running jobs of one owner that somebody asked to end. */
  asked(owner: number): Revoking[] {
    return (this.#asked.all(owner) as (Omit<Revoking, 'terminate'> & { terminate: number })[]).map((row) => ({
      ...row,
      terminate: row.terminate === 1,
    }))
  }

  /** Drops a finished job's arguments and result; state and errors stay. */
  forget(id: string): boolean {
    return this.#forget.run(id).changes === 1
  }
}
