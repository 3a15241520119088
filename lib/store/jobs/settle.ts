import type { Payload } from '../../wire/codec.ts'
import type { Connection, Statement } from '../driver.ts'
import { type Counted, type Spent, type Tally, tallyOf } from '../tally.ts'

/** The claim a write must still hold: a job whose lease was taken over is left alone. */
export interface Claim extends Counted {
  seq: number
  owner: number
  token: number
  /** When the job became due, in epoch ms. */
  due?: number
  /** On which thread of its process it ran, see `MAIN_THREAD`; null where that is not known. */
  thread: number | null
}

const HELD = 'seq = @seq AND owner = @owner AND token = @token'
const FENCE = `WHERE seq = @seq AND state = 'PENDING' AND EXISTS (SELECT 1 FROM celeriac_claims WHERE ${HELD})`
/** What the attempt adds to the row of its job. */
const ATTEMPTED = 'attempt = attempt + 1, owner = @owner, token = @token, thread = @thread'
const CLAIMED_AT = '(SELECT started_at FROM celeriac_claims WHERE seq = @seq)'

/**
 * Writes how a running job ended. Each method returns false when the claim is no longer held, which is a normal answer:
 * the outcome is dropped, because another holder's counts.
 */
export class JobSettlements {
  readonly #tally: Tally
  readonly #release: Statement
  readonly #retake: Statement
  readonly #succeed: Statement
  readonly #fail: Statement
  readonly #failCrashed: Statement
  readonly #wait: Statement
  readonly #crash: Statement
  readonly #revoke: Statement
  readonly #attempt: Statement
  readonly #progress: Statement
  readonly #slotSucceeded: Statement
  readonly #committed: Statement

  constructor(db: Connection) {
    this.#tally = tallyOf(db)
    this.#release = db.prepare('DELETE FROM celeriac_claims WHERE seq = ? AND owner = ? AND token = ?')
    this.#retake = db.prepare('INSERT INTO celeriac_claims (seq, owner, token, started_at) VALUES (?, ?, ?, ?)')
    this.#succeed =
      db.prepare(`UPDATE celeriac_jobs SET state = 'SUCCESS', attempt = attempt + 1, owner = ?, token = ?, thread = ?,
        started_at = ?, finished_at = ?, result = ? WHERE seq = ? AND state = 'PENDING'`)
    this.#fail = db.prepare(`UPDATE celeriac_jobs SET state = 'FAILURE', ${ATTEMPTED},
        started_at = @startedAt, finished_at = @now, error = @error ${FENCE}`)
    this.#failCrashed = db.prepare(`UPDATE celeriac_jobs SET state = 'FAILURE', crashes = crashes + 1, ${ATTEMPTED},
        started_at = @startedAt, finished_at = @now, error = @error ${FENCE}`)
    this.#wait = db.prepare(`UPDATE celeriac_jobs SET state = @state, run_at = @runAt, attempt = attempt + @counted,
        owner = NULL, token = NULL, thread = NULL, started_at = ${CLAIMED_AT}, error = @error ${FENCE}`)
    this.#crash = db.prepare(`UPDATE celeriac_jobs SET crashes = crashes + 1, attempt = attempt + 1,
        owner = NULL, token = NULL, thread = NULL, started_at = ${CLAIMED_AT}, error = @error ${FENCE}`)
    this.#revoke = db.prepare(`UPDATE celeriac_jobs SET state = 'REVOKED', ${ATTEMPTED},
        started_at = ${CLAIMED_AT}, finished_at = @now, error = @error ${FENCE}`)
    this.#attempt =
      db.prepare(`INSERT INTO celeriac_attempts (job, number, outcome, started_at, ended_at, owner, thread, error)
        SELECT seq, attempt, @outcome, @startedAt, @now, @owner, @thread, @error FROM celeriac_jobs WHERE seq = @seq
        ON CONFLICT (job, number, ended_at) DO UPDATE SET outcome = excluded.outcome, error = excluded.error`)
    this.#slotSucceeded =
      db.prepare(`UPDATE celeriac_schedules SET last_success = max(coalesce(last_success, @slot), @slot) WHERE name IN (
        SELECT j.schedule FROM celeriac_jobs j JOIN celeriac_slots s
          ON s.schedule = j.schedule AND s.slot = @slot AND s.job_id = j.id AND s.outcome = 'fired'
        WHERE j.seq = @seq)`)
    this.#progress = db.prepare(`UPDATE celeriac_jobs SET progress = @progress ${FENCE}`)
    this.#committed = db
      .prepare("SELECT result FROM celeriac_jobs WHERE seq = ? AND state = 'SUCCESS' AND owner = ? AND token = ?")
      .raw()
  }

  /** @param ran how long the attempt ran, in ms, where it is known */
  succeed(claim: Claim, startedAt: number, now: number, result: Payload, ran: number | null = null): boolean {
    if (!this.giveBack(claim)) return false
    const { seq, owner, token, thread } = claim
    try {
      if (this.#succeed.run(owner, token, thread, startedAt, now, result, seq).changes === 0) return false
    } catch (error) {
      // The result does not fit: the claim is still to be settled.
      this.#retake.run(seq, owner, token, startedAt)
      throw error
    }
    this.#tally.ended(claim, 'SUCCESS', now, spent(claim, startedAt, ran))
    return true
  }

  /** The job of a schedule's slot succeeded. What was triggered by hand is no slot, and moves nothing. */
  slotSucceeded(seq: number, slot: number): void {
    this.#slotSucceeded.run({ seq, slot })
  }

  fail(claim: Claim, startedAt: number, now: number, error: string, ran: number | null = null): boolean {
    if (!this.#end(this.#fail, claim, { startedAt, now, error }, 'failure')) return false
    this.#tally.ended(claim, 'FAILURE', now, spent(claim, startedAt, ran))
    return true
  }

  /** To RETRY after a failed attempt. */
  retry(
    claim: Claim,
    startedAt: number,
    now: number,
    error: string,
    runAt: number,
    ran: number | null = null,
  ): boolean {
    if (!this.#end(this.#wait, claim, { state: 'RETRY', runAt, counted: 1, startedAt, now, error }, 'retry'))
      return false
    this.#tally.retried(claim, now, spent(claim, startedAt, ran))
    return true
  }

  /** To SCHEDULED, the attempt not counted. */
  snooze(claim: Claim, runAt: number): boolean {
    return this.#end(this.#wait, claim, { state: 'SCHEDULED', runAt, counted: 0, error: null }, null)
  }

  /** To PENDING, the attempt not counted: the job was interrupted through no fault of its own, or never begun. */
  giveBack(claim: Claim): boolean {
    return this.#release.run(claim.seq, claim.owner, claim.token).changes === 1
  }

  /** To PENDING, the attempt and a crash counted. */
  crash(claim: Claim, startedAt: number | null, now: number, error: string): boolean {
    if (!this.#end(this.#crash, claim, { startedAt, now, error }, 'crash')) return false
    this.#tally.crashed(claim, now)
    return true
  }

  /** To FAILURE: the thread or process died under the job once too often. */
  failCrashed(claim: Claim, startedAt: number | null, now: number, error: string): boolean {
    if (!this.#end(this.#failCrashed, claim, { startedAt, now, error }, 'crash')) return false
    this.#tally.crashed(claim, now)
    this.#tally.ended(claim, 'FAILURE', now)
    return true
  }

  revoke(claim: Claim, startedAt: number, now: number, error: string | null): boolean {
    if (!this.#end(this.#revoke, claim, { startedAt, now, error }, 'revoked')) return false
    this.#tally.ended(claim, 'REVOKED', now)
    return true
  }

  /** The result of a job that ended in its task's own transaction, under this very claim; `undefined` when it did not. */
  committed(claim: Claim): Payload | undefined {
    const row = this.#committed.get(claim.seq, claim.owner, claim.token) as [Payload] | undefined
    return row?.[0]
  }

  progress(claim: Claim, progress: string): boolean {
    return this.#progress.run({ ...claim, progress }).changes === 1
  }

  /** Writes the end of an attempt into the row, and gives the claim up. @param outcome the attempt's, null for one that does not count */
  #end(statement: Statement, claim: Claim, values: object, outcome: string | null): boolean {
    const bound = { ...claim, ...values, outcome }
    if (statement.run(bound).changes === 0) return false
    if (outcome !== null) this.#attempt.run(bound)
    return this.giveBack(claim)
  }
}

export function spent({ due }: Claim, startedAt: number, ran: number | null): Spent {
  return { ran, waited: due === undefined ? null : startedAt - due }
}
