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
}

const FENCE = "WHERE seq = @seq AND state = 'STARTED' AND owner = @owner AND token = @token"
const HELD = "WHERE seq = ? AND state = 'STARTED' AND owner = ? AND token = ?"

/**
 * Writes how a running job ended. Each method returns false when the claim is no longer held, which is a normal answer:
 * the outcome is dropped, because another holder's counts.
 */
export class JobSettlements {
  readonly #tally: Tally
  readonly #succeed: Statement
  readonly #fail: Statement
  readonly #failCrashed: Statement
  readonly #wait: Statement
  readonly #giveBack: Statement
  readonly #crash: Statement
  readonly #revoke: Statement
  readonly #attempt: Statement
  readonly #progress: Statement
  readonly #slotSucceeded: Statement
  readonly #committed: Statement

  constructor(db: Connection) {
    this.#tally = tallyOf(db)
    this.#succeed = db.prepare(
      `UPDATE celeriac_jobs SET state = 'SUCCESS', started_at = ?, finished_at = ?, result = ? ${HELD}`,
    )
    this.#fail = db.prepare(
      `UPDATE celeriac_jobs SET state = 'FAILURE', started_at = @startedAt, finished_at = @now, error = @error ${FENCE}`,
    )
    this.#failCrashed =
      db.prepare(`UPDATE celeriac_jobs SET state = 'FAILURE', started_at = @startedAt, finished_at = @now, error = @error,
        crashes = crashes + 1 ${FENCE}`)
    this.#wait =
      db.prepare(`UPDATE celeriac_jobs SET state = @state, run_at = @runAt, attempt = attempt - @refund, error = @error,
        owner = NULL, token = NULL ${FENCE}`)
    this.#giveBack = db.prepare(
      `UPDATE celeriac_jobs SET state = 'PENDING', attempt = attempt - 1, owner = NULL, token = NULL ${FENCE}`,
    )
    this.#crash = db.prepare(`UPDATE celeriac_jobs SET state = 'PENDING', crashes = crashes + 1, error = @error,
        owner = NULL, token = NULL ${FENCE}`)
    this.#revoke = db.prepare(`UPDATE celeriac_jobs SET state = 'REVOKED', finished_at = @now, error = @error ${FENCE}`)
    this.#attempt = db.prepare(`INSERT INTO celeriac_attempts (job, number, outcome, started_at, ended_at, owner, error)
        SELECT seq, attempt, @outcome, @startedAt, @now, owner, @error FROM celeriac_jobs ${FENCE}
        ON CONFLICT (job, number, ended_at) DO UPDATE SET outcome = excluded.outcome, error = excluded.error`)
    this.#slotSucceeded =
      db.prepare(`UPDATE celeriac_schedules SET last_success = max(coalesce(last_success, @slot), @slot) WHERE name IN (
        SELECT j.schedule FROM celeriac_jobs j JOIN celeriac_slots s
          ON s.schedule = j.schedule AND s.slot = @slot AND s.job_id = j.id AND s.outcome = 'fired'
        WHERE j.seq = @seq)`)
    this.#progress = db.prepare(`UPDATE celeriac_jobs SET progress = ? ${HELD}`)
    this.#committed = db
      .prepare("SELECT result FROM celeriac_jobs WHERE seq = ? AND state = 'SUCCESS' AND owner = ? AND token = ?")
      .raw()
  }

  /** @param ran how long the attempt ran, in ms, where it is known */
  succeed(claim: Claim, startedAt: number, now: number, result: Payload, ran: number | null = null): boolean {
    if (this.#succeed.run(startedAt, now, result, claim.seq, claim.owner, claim.token).changes === 0) return false
    this.#tally.ended(claim, 'SUCCESS', now, spent(claim, startedAt, ran))
    return true
  }

  /** The job of a schedule's slot succeeded. What was triggered by hand is no slot, and moves nothing. */
  slotSucceeded(seq: number, slot: number): void {
    this.#slotSucceeded.run({ seq, slot })
  }

  fail(claim: Claim, startedAt: number, now: number, error: string, ran: number | null = null): boolean {
    this.#attempt.run({ ...claim, outcome: 'failure', startedAt, now, error })
    if (this.#fail.run({ ...claim, startedAt, now, error }).changes === 0) return false
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
    this.#attempt.run({ ...claim, outcome: 'retry', startedAt, now, error })
    if (this.#wait.run({ ...claim, state: 'RETRY', runAt, refund: 0, error }).changes === 0) return false
    this.#tally.retried(claim, now, spent(claim, startedAt, ran))
    return true
  }

  /** To SCHEDULED, the attempt not counted. */
  snooze(claim: Claim, runAt: number): boolean {
    return this.#wait.run({ ...claim, state: 'SCHEDULED', runAt, refund: 1, error: null }).changes === 1
  }

  /** To PENDING, the attempt not counted: the job was interrupted through no fault of its own, or never begun. */
  giveBack(claim: Claim): boolean {
    return this.#giveBack.run(claim).changes === 1
  }

  /** To PENDING, the attempt and a crash counted. */
  crash(claim: Claim, startedAt: number | null, now: number, error: string): boolean {
    this.#attempt.run({ ...claim, outcome: 'crash', startedAt, now, error })
    if (this.#crash.run({ ...claim, error }).changes === 0) return false
    this.#tally.crashed(claim, now)
    return true
  }

  /** To FAILURE: the thread or process died under the job once too often. */
  failCrashed(claim: Claim, startedAt: number | null, now: number, error: string): boolean {
    this.#attempt.run({ ...claim, outcome: 'crash', startedAt, now, error })
    if (this.#failCrashed.run({ ...claim, startedAt, now, error }).changes === 0) return false
    this.#tally.crashed(claim, now)
    this.#tally.ended(claim, 'FAILURE', now)
    return true
  }

  revoke(claim: Claim, startedAt: number, now: number, error: string | null): boolean {
    this.#attempt.run({ ...claim, outcome: 'revoked', startedAt, now, error })
    if (this.#revoke.run({ ...claim, now, error }).changes === 0) return false
    this.#tally.ended(claim, 'REVOKED', now)
    return true
  }

  /** The result of a job that ended in its task's own transaction, under this very claim; `undefined` when it did not. */
  committed(claim: Claim): Payload | undefined {
    const row = this.#committed.get(claim.seq, claim.owner, claim.token) as [Payload] | undefined
    return row?.[0]
  }

  progress(claim: Claim, progress: string): boolean {
    return this.#progress.run(progress, claim.seq, claim.owner, claim.token).changes === 1
  }
}

function spent({ due }: Claim, startedAt: number, ran: number | null): Spent {
  return { ran, waited: due === undefined ? null : startedAt - due }
}
