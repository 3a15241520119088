import { dueAt } from '../domain/rank.ts'
import { LeaseLost, TransactionRefused } from '../errors.ts'
import type { Codec, Payload } from '../wire/codec.ts'
import type { Durability } from '../wire/engine-options.ts'
import { linkedBatches, linksOf } from '../wire/links.ts'
import type { StoredNow } from '../wire/messages.ts'
import type { Connection, Statement } from './driver.ts'
import { admissionOf } from './jobs/admission.ts'
import { JobLinks } from './jobs/links.ts'
import { JobSettlements } from './jobs/settle.ts'
import { openBeside } from './open.ts'
import { ratesOf } from './rates.ts'
import { isBusy, storageError } from './sqlite-errors.ts'
import { tallyOf } from './tally.ts'

/** Longest wait for the writer's place, in ms; each try waits as long as the connection's busy timeout. */
const PATIENCE = 15_000

/** The job as its thread holds it. */
export interface HeldJob {
  id: string
  token: number
  startedAt: number
}

interface HeldRow {
  seq: number
  task: string
  queue: string
  rank: number
  priority: number
  rootId: string | null
  concurrencyKey: string | null
  /** Of the rate that the claim holds a place of. */
  rateKey: string | null
  ratePer: number | null
  codec: Codec
  options: string | null
  /** The schedule's slot that the job was stored for, or when it was triggered; null for other jobs. */
  slot: number | null
}

/**
 * A pool thread's own connection to the app's file, opened at the first need and kept. Between transactions it is
 * read-only, so that a `db` that outlives its callback can write nothing behind the job's back.
 */
export class TaskTransactions {
  readonly #path: string
  readonly #durability: Durability
  readonly #runner: { owner: number; thread: number }
  #open: { db: Connection; held: Statement; settlements: JobSettlements } | null = null

  /** @param runner the process's id in the file, which its claims carry, and the number of this thread */
  constructor(path: string, durability: Durability, runner: { owner: number; thread: number }) {
    this.#path = path
    this.#durability = durability
    this.#runner = runner
  }

  /**
   * Runs `work` and writes SUCCESS with what it returns, in one transaction; tells of the linked jobs that it stored.
   * @param now the clock, read once `work` is done
   * @throws LeaseLost, TransactionRefused, the storage errors, and whatever `work` throws; then nothing is written
   */
  run<T>(
    job: HeldJob,
    work: (db: Connection) => T,
    encode: (value: T) => Payload,
    now: () => number,
  ): { value: T; followed: StoredNow | null } {
    const { db, held, settlements } = this.#connection()
    if (db.inTransaction) {
      throw new TransactionRefused(
        'transaction() was called inside transaction() — do all of the writes in one callback',
      )
    }
    db.exec('PRAGMA query_only = OFF')
    try {
      this.#begin(db)
      const row = held.get(job.id, this.#runner.owner, job.token) as HeldRow | undefined
      if (row === undefined) throw lost(job)
      const value = work(db)
      if (isThenable(value)) this.#refusePromise(value)
      this.#assertUnbroken(db)
      const at = now()
      const due = dueAt(row.rank, row.priority)
      const claim = { ...row, ...this.#runner, due, token: job.token }
      const result = encode(value)
      const links = linksOf(row.options)
      const kept = links?.ignoreResult ? null : result
      if (!settlements.succeed(claim, job.startedAt, at, kept, at - job.startedAt)) throw lost(job)
      // The place goes with the claim. In whole ms, so rounded up.
      if (row.rateKey !== null && row.ratePer !== null)
        ratesOf(db).record(row.rateKey, { per: row.ratePer }, job.startedAt + 1, 1)
      const batches = links && linkedBatches(links.link, { ...row, id: job.id }, { result }, at)
      const followed = batches && new JobLinks(db).follow(batches, at)
      if (row.slot !== null) settlements.slotSucceeded(row.seq, row.slot)
      if (row.concurrencyKey !== null) letIn(db, row.concurrencyKey)
      tallyOf(db).flush()
      db.exec('COMMIT')
      return { value, followed }
    } catch (error) {
      tallyOf(db).clear()
      throw isStorage(error) ? storageError(error, this.#path) : error
    } finally {
      if (db.open) this.#leave(db)
    }
  }

  #connection(): { db: Connection; held: Statement; settlements: JobSettlements } {
    if (this.#open?.db.open) return this.#open
    const db = openBeside(this.#path, this.#durability)
    const held = db.prepare(`SELECT j.seq, j.task, j.queue, j.rank, j.priority, j.root_id AS rootId,
        j.concurrency_key AS concurrencyKey, c.rate_key AS rateKey, c.rate_per AS ratePer, j.codec, j.options, j.scheduled_for AS slot
      FROM celeriac_jobs j JOIN celeriac_claims c ON c.seq = j.seq
      WHERE j.id = ? AND j.state = 'PENDING' AND c.owner = ? AND c.token = ?`)
    this.#open = { db, held, settlements: new JobSettlements(db) }
    return this.#open
  }

  #begin(db: Connection): void {
    const patience = performance.now() + PATIENCE
    while (true) {
      try {
        db.exec('BEGIN IMMEDIATE; SAVEPOINT celeriac_task')
        return
      } catch (error) {
        if (db.inTransaction) db.exec('ROLLBACK')
        if (!isBusy(error) || performance.now() > patience) throw error
      }
    }
  }

  #leave(db: Connection): void {
    // Else a result set that the callback left open would keep the writer's lock with it.
    db.unsafeMode(true)
    if (db.inTransaction) db.exec('ROLLBACK')
    db.exec('PRAGMA query_only = ON')
    db.unsafeMode(false)
  }

  /** What the function still does when it goes on finds the connection closed, instead of writing outside of a transaction. */
  #refusePromise(promise: PromiseLike<unknown>): never {
    promise.then(
      () => {},
      () => {},
    )
    this.#open?.db.close()
    throw new TransactionRefused(
      'the callback of transaction() returned a promise — await what it needs before, and write synchronously in it',
    )
  }

  /** The savepoint is gone when the callback ended the transaction, even if it began another. */
  #assertUnbroken(db: Connection): void {
    try {
      db.exec('RELEASE celeriac_task')
    } catch (error) {
      // With a result set still open the connection is of no more use; it closes once nobody holds them.
      this.#open = null
      throw new TransactionRefused(
        'the callback of transaction() ended the transaction itself, or left an iterate() open — leave BEGIN, COMMIT and ROLLBACK to it; use SAVEPOINT inside',
        { cause: error },
      )
    }
  }
}

/** In the transaction that frees the place: nobody else would, if the process died right after it. */
function letIn(db: Connection, concurrencyKey: string): void {
  const admission = admissionOf(db)
  admission.refill(concurrencyKey)
  // The engine finds the lines by itself.
  admission.opened()
}

function lost({ id }: HeldJob): LeaseLost {
  return new LeaseLost(
    `job ${id} is no longer this thread's: it ended, or another process took it over — its transaction was rolled back`,
  )
}

function isStorage(error: unknown): boolean {
  return isBusy(error) || (error instanceof Error && /^SQLITE_(FULL|IOERR|READONLY|CORRUPT)/.test(codeOf(error)))
}

function codeOf(error: Error): string {
  return String((error as { code?: unknown }).code)
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
}
