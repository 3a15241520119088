import type { State } from '../../domain/states.ts'
import type { Connection, Statement } from '../driver.ts'
import { type Tally, tallyOf } from '../tally.ts'
import { type Admission, admissionOf } from './admission.ts'
import { claimed, stateOf, UNFINISHED, unclaimed } from './state-terms.ts'

const WAITING = `${UNFINISHED} AND ${unclaimed()}`
const CHILD_WAITS = `${UNFINISHED} AND ${unclaimed('j.')}`

export interface Revoking {
  seq: number
  token: number
  terminate: boolean
  reason: string | null
}

/** A waiting job that was ended. */
export interface RevokedJob {
  id: string
  task: string
  queue: string
  concurrencyKey?: string | null
  rateKey?: string | null
}

/** Takes jobs back before or while they run, and forgets results. The caller holds the transaction. */
export class JobRevocations {
  readonly #tally: Tally
  readonly #admission: Admission
  readonly #waiting: Statement
  readonly #family: Statement
  readonly #running: Statement
  readonly #asked: Statement
  readonly #unheeded: Statement
  readonly #state: Statement
  readonly #forget: Statement

  constructor(db: Connection) {
    this.#tally = tallyOf(db)
    this.#admission = admissionOf(db)
    this.#waiting = db.prepare(`UPDATE celeriac_jobs SET state = 'REVOKED', finished_at = ?, revoke_reason = ?
      WHERE id = ? AND ${WAITING} RETURNING id, task, queue, concurrency_key AS concurrencyKey, rate_key AS rateKey`)
    this.#family = db.prepare(`UPDATE celeriac_jobs SET state = 'REVOKED', finished_at = ?, revoke_reason = ?
      WHERE ${WAITING} AND seq IN (
        WITH RECURSIVE family(seq, id) AS (
          SELECT seq, id FROM celeriac_jobs WHERE parent_id = ? AND ${WAITING}
          UNION ALL
          SELECT j.seq, j.id FROM family JOIN celeriac_jobs j ON j.parent_id = family.id WHERE ${CHILD_WAITS})
        SELECT seq FROM family)
      RETURNING id, task, queue, concurrency_key AS concurrencyKey, rate_key AS rateKey`)
    this.#running = db.prepare(`UPDATE celeriac_jobs SET revoke_asked = max(coalesce(revoke_asked, 0), ?),
      revoke_reason = coalesce(?, revoke_reason)
      WHERE id = ? AND ${claimed()}`)
    this.#asked = db.prepare(`SELECT j.seq, c.token, j.revoke_asked = 2 AS terminate, j.revoke_reason AS reason
      FROM celeriac_jobs j CROSS JOIN celeriac_claims c ON c.seq = j.seq
      WHERE j.revoke_asked IS NOT NULL AND j.state = 'PENDING' AND c.owner = ?`)
    this.#unheeded = db.prepare(
      `SELECT id, revoke_reason AS reason FROM celeriac_jobs WHERE seq = ? AND revoke_asked IS NOT NULL AND ${WAITING}`,
    )
    this.#state = db.prepare(`SELECT ${stateOf()} FROM celeriac_jobs WHERE id = ?`).pluck()
    this.#forget =
      db.prepare(`UPDATE celeriac_jobs SET result = NULL, args = '[]', codec = 'json', progress = NULL, forgotten = 1
      WHERE id = ? AND state IN ('SUCCESS', 'FAILURE', 'REVOKED', 'EXPIRED')`)
  }

  /**
   * Ends a waiting job, or asks whoever runs it to end it, and ends what waits below either. One that has ended is left
   * alone with its family. `state` is `null` for an id that was never stored.
   */
  revoke(
    id: string,
    terminate: boolean,
    reason: string | null,
    now: number,
  ): { state: State | null; ended: RevokedJob[] } {
    let ended = this.revokeWaiting(id, reason, now)
    if (ended.length === 0 && this.#running.run(terminate ? 2 : 1, reason, id).changes === 1)
      ended = this.revokeChildren(id, now)
    return { state: (this.#state.get(id) as State | undefined) ?? null, ended }
  }

  /** Ends a job that waits, with all that waits below it; none when it does not wait. */
  revokeWaiting(id: string, reason: string | null, now: number): RevokedJob[] {
    const ended = this.#counted(this.#waiting.all(now, reason, id) as RevokedJob[], now)
    return ended.length === 0 ? ended : ended.concat(this.revokeChildren(id, now))
  }

  /**
   * Ends a job that came back among the waiting, from a process that died or an attempt that failed, before whoever ran it
   * heard that it was to end. None when nobody asked for that.
   */
  heed(seq: number, now: number): RevokedJob[] {
    const asked = this.#unheeded.get(seq) as { id: string; reason: string | null } | undefined
    return asked ? this.revokeWaiting(asked.id, asked.reason, now) : []
  }

  /** Ends what waits below a job that was revoked, down to jobs that run or have ended. */
  revokeChildren(id: string, now: number): RevokedJob[] {
    const reason = `job ${id} was revoked, and this one was enqueued by it`
    return this.#counted(this.#family.all(now, reason, id) as RevokedJob[], now)
  }

  #counted(ended: RevokedJob[], now: number): RevokedJob[] {
    for (const job of ended) this.#tally.ended(job, 'REVOKED', now)
    for (const job of ended) this.#admission.left(job, now)
    return ended
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
