import type { Rate } from '../../domain/rate.ts'
import type { State } from '../../domain/states.ts'
import type { UniqueRule } from '../../domain/unique.ts'
import type { Codec } from '../../wire/codec.ts'
import { optionsOf } from '../../wire/stored-options.ts'
import type { Connection, Statement } from '../driver.ts'
import { type Tally, tallyOf } from '../tally.ts'
import { type Admission, admissionOf } from './admission.ts'
import { NOT_BEGUN, TIMED, unclaimed } from './state-terms.ts'

/** A due job, in the order of the statement's columns. */
export type ReadyRow = [
  seq: number,
  rank: number,
  /** Of a plain job, which is most of them, only the attempts that it may have: each column read costs all jobs. */
  rest: number | RestColumns,
  id: string,
  args: string | Uint8Array,
  /** Of a line that has keys, where the rest is not read. */
  ...keys: KeyColumns | [],
]

export type KeyColumns = [
  concurrencyKey: string | null,
  rateKey: string | null,
  uniqueUntil: UniqueRule['until'] | null,
]

/** What a plain job has none of, or the same as all others. */
export type RestColumns = [
  attempt: number,
  maxAttempts: number,
  crashes: number,
  enqueuedAt: number,
  codec: Codec,
  priority: number,
  scheduledFor: number | null,
  parentId: string | null,
  rootId: string | null,
  options: string | null,
  ...keys: KeyColumns,
]

const KEYS = 'concurrency_key, rate_key, unique_until'
const REST = `attempt, max_attempts, crashes, enqueued_at, codec, priority, scheduled_for, parent_id, root_id, options, ${KEYS}`
const PLAIN =
  "attempt = 0 AND crashes = 0 AND priority = 0 AND rank = enqueued_at AND codec = 'json' AND coalesce(scheduled_for, parent_id, root_id, options) IS NULL"

/** Jobs claimed by one statement: 32 cost less than half as much each. */
const BLOCK = 32
/** Least neighbours that are claimed as a range, which costs half as much again. */
const RANGE = 8

/** Due jobs of a line: those of a rank after a place in it, and those of later ranks. */
interface Page {
  first: Statement
  next: Statement
}

/** A job that is to be claimed. */
export interface Claimable {
  seq: number
  token: number
  /** It gives its unique key up as it begins. */
  freesKey: boolean
  /** The rate of its key, of which its claim holds a place. */
  keyRate?: Rate | null
}

/** A job whose time came. */
export interface Due {
  id: string
  queue: string
  task: string
  /** It found no place and does not wait for one. */
  discarded: boolean
}

interface DueRow extends Due {
  seq: number
  runAt: number
  priority: number
  state: State
  options: string | null
  concurrencyKey: string | null
  concurrencyLimit: number
}

export interface Expired {
  id: string
  task: string
  queue: string
  concurrencyKey: string | null
  rateKey: string | null
}

/**
 * Finds due jobs and claims them, which makes them STARTED. The caller holds the transaction.
 *
 * `LIMIT ? + 0` here and elsewhere: SQLite plans by the value of a bare `LIMIT ?`, so each new binding has the statement
 * compiled again, at 8–50 µs a run instead of 0.5.
 */
export class JobClaims {
  readonly #tally: Tally
  readonly #admission: Admission
  readonly #plainPage: Page
  readonly #keyedPage: Page
  /** Lines whose last page held jobs with keys: those are read with the page, not one by one. */
  readonly #keyed = new Set<string>()
  readonly #rest: Statement
  readonly #start: Statement
  readonly #startBlock: Statement
  readonly #startRange: Statement
  readonly #startKeyedRange: Statement
  readonly #begin: Statement
  readonly #due: Statement
  readonly #nextDue: Statement
  readonly #release: Statement
  readonly #expired: Statement
  readonly #nextExpiry: Statement
  readonly #expire: Statement
  readonly #runningIn: Statement
  readonly #runningOf: Statement

  constructor(db: Connection) {
    this.#tally = tallyOf(db)
    this.#admission = admissionOf(db)
    const page = (columns: string, after: string): Statement =>
      db
        .prepare(`SELECT seq, rank, ${columns} FROM celeriac_jobs WHERE state = 'PENDING' AND queue = ? AND task = ? AND ${after} AND ${unclaimed()}
        ORDER BY rank, seq LIMIT ? + 0`)
        .raw()
    const pages = (columns: string): Page => ({
      first: page(columns, 'rank = ? AND seq > ?'),
      next: page(columns, 'rank > ?'),
    })
    this.#plainPage = pages(`CASE WHEN ${PLAIN} AND coalesce(${KEYS}) IS NULL THEN max_attempts END, id, args`)
    this.#keyedPage = pages(`CASE WHEN ${PLAIN} THEN max_attempts END, id, args, ${KEYS}`)
    this.#rest = db.prepare(`SELECT ${REST} FROM celeriac_jobs WHERE seq = ?`).raw()
    const start = (jobs: number): Statement =>
      db.prepare(`INSERT OR IGNORE INTO celeriac_claims (seq, owner, token, started_at, rate_key, rate_per)
        SELECT j.seq, @owner, c.column2, @now, iif(@per IS NULL, NULL, j.rate_key), @per
        FROM (VALUES ${Array(jobs).fill('(?, ?)').join(', ')}) c
        CROSS JOIN celeriac_jobs j ON j.seq = c.column1 WHERE j.state = 'PENDING'`)
    this.#start = start(1)
    this.#startBlock = start(BLOCK)
    this.#startRange = db.prepare(`INSERT OR IGNORE INTO celeriac_claims (seq, owner, token, started_at)
      SELECT seq, ?, seq + ?, ? FROM celeriac_jobs WHERE seq BETWEEN ? AND ? AND state = 'PENDING'`)
    this.#startKeyedRange =
      db.prepare(`INSERT OR IGNORE INTO celeriac_claims (seq, owner, token, started_at, rate_key, rate_per)
      SELECT seq, ?, seq + ?, ?, rate_key, ? FROM celeriac_jobs WHERE seq BETWEEN ? AND ? AND state = 'PENDING'`)
    this.#begin = db.prepare("UPDATE celeriac_jobs SET started_at = ? WHERE seq = ? AND state = 'PENDING'")
    this.#due = db.prepare(`SELECT seq, id, run_at AS runAt, priority, queue, task, state, options,
        concurrency_key AS concurrencyKey, concurrency_limit AS concurrencyLimit FROM celeriac_jobs
        WHERE ${TIMED} AND run_at <= ? ORDER BY run_at LIMIT ? + 0`)
    this.#nextDue = db.prepare(`SELECT run_at FROM celeriac_jobs WHERE ${TIMED} ORDER BY run_at LIMIT 1`).pluck()
    this.#release = db.prepare(
      "UPDATE celeriac_jobs SET state = 'PENDING', rank = run_at - priority * ? WHERE seq = ? AND state IN ('SCHEDULED', 'RETRY')",
    )
    this.#expired =
      db.prepare(`SELECT seq, id, task, queue, concurrency_key AS concurrencyKey, rate_key AS rateKey FROM celeriac_jobs
        WHERE expires_at IS NOT NULL AND attempt = 0 AND ${NOT_BEGUN} AND expires_at <= ? AND ${unclaimed()}
        ORDER BY expires_at LIMIT ? + 0`)
    this.#nextExpiry = db
      .prepare(`SELECT expires_at FROM celeriac_jobs
        WHERE expires_at IS NOT NULL AND attempt = 0 AND ${NOT_BEGUN} AND ${unclaimed()} ORDER BY expires_at LIMIT 1`)
      .pluck()
    this.#expire = db.prepare(
      `UPDATE celeriac_jobs SET state = 'EXPIRED', finished_at = ? WHERE seq = ? AND attempt = 0 AND ${NOT_BEGUN} AND ${unclaimed()}`,
    )
    const running = 'SELECT count(*) FROM celeriac_claims c CROSS JOIN celeriac_jobs j ON j.seq = c.seq WHERE'
    this.#runningIn = db.prepare(`${running} j.queue = ?`).pluck()
    this.#runningOf = db.prepare(`${running} j.task = ?`).pluck()
  }

  /** Due jobs of one line after a place in it, in claim order. */
  page(queue: string, task: string, afterRank: number, afterSeq: number, limit: number): ReadyRow[] {
    // Not by one comparison of both: SQLite would seek the rank only, and read all that have it again.
    const begun = afterRank !== Number.MIN_SAFE_INTEGER
    const line = `${queue}\n${task}`
    const page = this.#keyed.has(line) ? this.#keyedPage : this.#plainPage
    let rows = (begun ? page.first.all(queue, task, afterRank, afterSeq, limit) : []) as ReadyRow[]
    if (rows.length < limit) {
      const next = page.next.all(queue, task, afterRank, limit - rows.length) as ReadyRow[]
      rows = rows.length === 0 ? next : rows.concat(next)
    }
    for (const row of rows) row[2] ??= this.#rest.get(row[0]) as RestColumns
    const last = rows.at(-1)
    if (last && hasKey(last)) this.#keyed.add(line)
    else if (last) this.#keyed.delete(line)
    return rows
  }

  /** Claims jobs of one owner, but for those that wait no more or that somebody runs. */
  start(jobs: readonly Claimable[], owner: number, now: number): void {
    const others: Claimable[] = []
    const held: Claimable[] = []
    for (let i = 0; i < jobs.length; ) {
      const first = jobs[i]!
      const count = neighbours(jobs, i)
      const { seq, token, keyRate } = first
      if (count < RANGE) (keyRate ? held : others).push(...jobs.slice(i, i + count))
      else if (keyRate) this.#startKeyedRange.run(owner, token - seq, now, keyRate.per, seq, seq + count - 1)
      else this.#startRange.run(owner, token - seq, now, seq, seq + count - 1)
      i += count
    }
    const shared = { owner, now, per: null }
    let i = 0
    for (; i + BLOCK <= others.length; i += BLOCK)
      this.#startBlock.run(others.slice(i, i + BLOCK).flatMap(claimOf), shared)
    for (; i < others.length; i++) this.#start.run(claimOf(others[i]!), shared)
    for (const job of held) this.#start.run(claimOf(job), { owner, now, per: job.keyRate!.per })
    for (const { seq, freesKey } of jobs) if (freesKey) this.#begin.run(now, seq)
  }

  /** Makes jobs PENDING whose time has come, or BLOCKED when their key has no place. */
  promote(now: number, headStart: number, limit: number): Due[] {
    const due = this.#due.all(now, limit) as DueRow[]
    for (const row of due) {
      if (row.concurrencyKey === null) this.#release.run(headStart, row.seq)
      else row.discarded = this.#rise({ ...row, concurrencyKey: row.concurrencyKey }, headStart, now) === 'REVOKED'
    }
    return due
  }

  #rise(row: DueRow & { concurrencyKey: string }, headStart: number, now: number): State {
    // One that has run before was let in: its next attempt waits.
    const discard = optionsOf(row.options).discard === true && row.state === 'SCHEDULED'
    return this.#admission.rise({ ...row, rank: row.runAt - row.priority * headStart, discard }, now)
  }

  nextDue(): number | null {
    return (this.#nextDue.get() as number | undefined) ?? null
  }

  /** Ends jobs that were not begun in time; returns them. */
  expire(now: number, limit: number): Expired[] {
    const rows = this.#expired.all(now, limit) as (Expired & { seq: number })[]
    for (const row of rows) if (this.#expire.run(now, row.seq).changes === 1) this.#tally.ended(row, 'EXPIRED', now)
    // Once all have ended: a place must not go to one that expires in this very sweep.
    for (const row of rows) this.#admission.left(row, now)
    return rows
  }

  nextExpiry(): number | null {
    return (this.#nextExpiry.get() as number | undefined) ?? null
  }

  /** Jobs of a queue that run now, in all processes of the file. */
  runningIn(queue: string): number {
    return this.#runningIn.get(queue) as number
  }

  /** Jobs of a task that run now, in all processes: reads the running jobs of the file, of which there are few. */
  runningOf(task: string): number {
    return this.#runningOf.get(task) as number
  }
}

/** How many jobs from one on have neighbouring rows, tokens as far apart, and the same rate of their keys. */
function neighbours(jobs: readonly Claimable[], from: number): number {
  const { seq, token, keyRate } = jobs[from]!
  let count = 1
  for (
    let next = jobs[from + 1];
    next?.seq === seq + count && next.token === token + count;
    next = jobs[from + count]
  ) {
    if (next.keyRate?.per !== keyRate?.per) break
    count++
  }
  return count
}

export function concurrencyKeyOf(row: ReadyRow): string | null {
  return typeof row[2] === 'number' ? (row[5] ?? null) : row[2][10]
}

export function rateKeyOf(row: ReadyRow): string | null {
  return typeof row[2] === 'number' ? (row[6] ?? null) : row[2][11]
}

export function uniqueUntilOf(row: ReadyRow): UniqueRule['until'] | null {
  return typeof row[2] === 'number' ? (row[7] ?? null) : row[2][12]
}

const hasKey = (row: ReadyRow): boolean =>
  concurrencyKeyOf(row) !== null || rateKeyOf(row) !== null || uniqueUntilOf(row) !== null
const claimOf = ({ seq, token }: Claimable): [number, number] => [seq, token]
