import type { State } from '../../domain/states.ts'
import type { EnqueueBatch } from '../../wire/messages.ts'
import { type AwaitedKeys, awaitedKeysOf } from '../awaited-keys.ts'
import { type Connection, perConnection, type Statement } from '../driver.ts'
import { type Counted, type Tally, tallyOf } from '../tally.ts'
import type { Line } from './line.ts'
import { unclaimed } from './state-terms.ts'

/** Jobs that hold a place of their concurrency key, claimed or not. Stands in the index and in the query, word for word. */
export const HOLDS_PLACE = "(state = 'PENDING' OR (state = 'BLOCKED' AND blocked_on <> concurrency_key))"

/** The columns of a new job that depend on the limits of its keys. */
export interface Entry {
  state: State
  concurrencyKey: string | null
  concurrencyLimit: number | null
  rateKey: string | null
  blockedOn: string | null
  finishedAt: number | null
  revokeReason: string | null
}

/** A job whose time has come. */
export interface Riser {
  seq: number
  rank: number
  task: string
  queue: string
  concurrencyKey: string
  concurrencyLimit: number
  /** Ends instead of waiting when there is no place. */
  discard: boolean
}

interface Blocked {
  seq: number
  queue: string
  task: string
  concurrencyLimit: number
}

/** Told apart from concurrency keys, which begin with a task's name and hold one line end. */
export const isRateKey = (key: string): boolean => key.startsWith('rate\n') && key.indexOf('\n', 5) > 0

const NONE: readonly Line[] = []

/** The one admission of a connection. */
export const admissionOf = perConnection((db) => new Admission(db))

/** What a batch has found out about keys: known for as long as nobody else writes. */
export class Places {
  /** Places taken of each concurrency key. */
  readonly taken = new Map<string, number>()
  /** Jobs that were let in of each rate's key; infinite where others wait already. */
  readonly entered = new Map<string, number>()
  /** Whether jobs wait for any rate's key. */
  waiting: boolean | null = null
}

/**
 * Lets jobs with a key in: a job becomes PENDING only when its key has a place, and BLOCKED otherwise, so that the jobs
 * that are ready are never mixed with those that must not run. Whatever takes a job with a key out of PENDING and
 * STARTED calls `refill` in the same transaction.
 */
export class Admission {
  readonly #tally: Tally
  readonly #awaited: AwaitedKeys
  readonly #park: Statement
  readonly #waits: Statement
  readonly #waitsForRates: Statement
  readonly #taken: Statement
  readonly #next: Statement
  readonly #holder: Statement
  readonly #release: Statement
  readonly #rise: Statement
  readonly #nextKey: Statement
  #opened: Line[] = []

  constructor(db: Connection) {
    this.#tally = tallyOf(db)
    this.#awaited = awaitedKeysOf(db)
    this.#park = db.prepare(
      `UPDATE celeriac_jobs SET state = 'BLOCKED', blocked_on = rate_key WHERE seq = ? AND state = 'PENDING' AND ${unclaimed()}`,
    )
    this.#waitsForRates = db
      .prepare(`SELECT 1 FROM celeriac_jobs INDEXED BY celeriac_jobs_blocked
        WHERE blocked_on >= 'rate' || char(10) AND blocked_on < 'rate' || char(11) AND state = 'BLOCKED' LIMIT 1`)
      .pluck()
    this.#waits = db.prepare("SELECT 1 FROM celeriac_jobs WHERE blocked_on = ? AND state = 'BLOCKED' LIMIT 1").pluck()
    this.#taken = db
      .prepare(
        `SELECT count(*) FROM (SELECT 1 FROM celeriac_jobs WHERE concurrency_key = ? AND ${HOLDS_PLACE} LIMIT ? + 0)`,
      )
      .pluck()
    this.#next = db.prepare(`SELECT seq, queue, task, concurrency_limit AS concurrencyLimit FROM celeriac_jobs
      WHERE blocked_on = ? AND state = 'BLOCKED' ORDER BY rank, seq LIMIT 1`)
    this.#holder = db
      .prepare(`SELECT id FROM celeriac_jobs WHERE concurrency_key = ? AND ${HOLDS_PLACE} LIMIT 1`)
      .pluck()
    this.#release = db.prepare(
      "UPDATE celeriac_jobs SET state = 'PENDING', blocked_on = NULL WHERE seq = ? AND state = 'BLOCKED'",
    )
    this.#rise = db.prepare(`UPDATE celeriac_jobs SET state = @state, rank = @rank, blocked_on = @blockedOn,
      finished_at = @finishedAt, revoke_reason = @revokeReason WHERE seq = @seq AND state IN ('SCHEDULED', 'RETRY')`)
    this.#nextKey = db
      .prepare(
        "SELECT blocked_on FROM celeriac_jobs INDEXED BY celeriac_jobs_blocked WHERE blocked_on > ? AND state = 'BLOCKED' ORDER BY blocked_on LIMIT 1",
      )
      .pluck()
  }

  /** What a new job of a batch becomes; counts the place that it takes. */
  enter(batch: EnqueueBatch, i: number, scheduled: boolean, now: number, places: Places): Entry {
    const entered = this.#enterKey(batch, i, scheduled, now, places)
    const rateKey = batch.gateKeys?.rate?.[i] ?? null
    if (rateKey === null || !batch.rate) return entered
    entered.rateKey = rateKey
    if (entered.state !== 'PENDING') return entered
    // The claim counts what did start, and lays aside what finds no room. What is known to find none is not let in before.
    const { limit } = batch.rate
    if (this.rateLetsAllIn(batch, places)) return entered
    const before = places.entered.get(rateKey) ?? this.#enteredBefore(rateKey, places)
    places.entered.set(rateKey, before + 1)
    if (before < limit) return entered
    if (before === limit) this.#awaited.declare(rateKey, batch.rate)
    return { ...entered, state: 'BLOCKED', blockedOn: rateKey }
  }

  /** Whether every job of a batch is let in as far as the rates of their keys go. */
  rateLetsAllIn({ ids, rate, gateKeys }: EnqueueBatch, places: Places): boolean {
    if (!rate || !gateKeys?.rate) return true
    places.waiting ??= this.waitsForRates()
    return !places.waiting && ids.length <= rate.limit
  }

  #enteredBefore(rateKey: string, places: Places): number {
    return places.waiting && this.waitsFor(rateKey) ? Number.POSITIVE_INFINITY : 0
  }

  #enterKey(batch: EnqueueBatch, i: number, scheduled: boolean, now: number, places: Places): Entry {
    const key = batch.gateKeys?.concurrency?.[i] ?? null
    const rule = batch.concurrency
    if (key === null || !rule) return entry(scheduled ? 'SCHEDULED' : 'PENDING', null, null)
    const { limit, discard } = rule
    if (scheduled) return entry('SCHEDULED', key, limit)
    if (this.#takePlace(key, limit, places)) return entry('PENDING', key, limit)
    return this.#turnedAway(batch, key, limit, discard, now)
  }

  /** Moves a job on whose time has come; says what it became. */
  rise(job: Riser, now: number): State {
    const { seq, rank, concurrencyKey: key, concurrencyLimit: limit, discard } = job
    const { state, blockedOn, finishedAt, revokeReason } = this.#takePlace(key, limit, new Places())
      ? entry('PENDING', key, limit)
      : this.#turnedAway(job, key, limit, discard, now)
    this.#rise.run({ seq, rank, state, blockedOn, finishedAt, revokeReason })
    return state
  }

  /** Gives the free places of a key to those that wait for one, the best first. */
  refill(key: string): void {
    const places = new Places()
    while (true) {
      const next = this.#next.get(key) as Blocked | undefined
      if (!next || !this.#takePlace(key, next.concurrencyLimit, places)) return
      this.#release.run(next.seq)
      this.#opened.push([next.queue, next.task])
    }
  }

  /** Whether any job waits for a key. */
  someWait(): boolean {
    return this.#nextKey.get('') !== undefined
  }

  /** A job that was let in has no room at its key's rate: it waits aside. */
  park(seq: number): void {
    this.#park.run(seq)
  }

  /** Whether jobs wait for any rate's key. */
  waitsForRates(): boolean {
    return this.#waitsForRates.get() !== undefined
  }

  /** Whether jobs wait for a key. */
  waitsFor(key: string): boolean {
    return this.#waits.get(key) !== undefined
  }

  /** Lets in so many of those that wait for a rate's key, the best first; returns how many there were. */
  releaseAt(rateKey: string, most: number): number {
    let released = 0
    for (; released < most; released++) {
      const next = this.#next.get(rateKey) as Blocked | undefined
      if (!next) break
      this.#release.run(next.seq)
      this.#opened.push([next.queue, next.task])
    }
    return released
  }

  /** Lets the jobs of a key on, as far as there is room. */
  rouse(key: string, now: number): void {
    if (isRateKey(key)) this.#awaited.rouse(key, now)
    else this.refill(key)
  }

  /** A job with keys left PENDING or STARTED, or where it waited: what it held may go to another. */
  left({ concurrencyKey, rateKey }: { concurrencyKey?: string | null; rateKey?: string | null }, now: number): void {
    if (concurrencyKey != null) this.refill(concurrencyKey)
    if (rateKey != null) this.#awaited.rouse(rateKey, now)
  }

  /** Lines that jobs were let into since the last call. */
  opened(): readonly Line[] {
    if (this.#opened.length === 0) return NONE
    const opened = this.#opened
    this.#opened = []
    return opened
  }

  /** Id of a job that holds a place of a key, or null. */
  holder(key: string): string | null {
    return (this.#holder.get(key) as string | undefined) ?? null
  }

  /** The key after this one that jobs wait for. */
  awaitedAfter(key: string): string | null {
    return (this.#nextKey.get(key) as string | undefined) ?? null
  }

  /** What a job becomes that is to run again. */
  again(key: string, limit: number): Pick<Entry, 'state' | 'blockedOn'> {
    return this.#takePlace(key, limit, new Places())
      ? { state: 'PENDING', blockedOn: null }
      : { state: 'BLOCKED', blockedOn: key }
  }

  #turnedAway(job: Counted, key: string, limit: number, discard: boolean, now: number): Entry {
    if (!discard) return { ...entry('BLOCKED', key, limit), blockedOn: key }
    this.#tally.ended(job, 'REVOKED', now)
    const name = key.slice(job.task.length + 1)
    const whose = name === '' ? 'of its task' : `with the key "${name}"`
    const revokeReason = `discarded: ${limit} ${limit === 1 ? 'job' : 'jobs'} ${whose} ran or waited already`
    return { ...entry('REVOKED', key, limit), finishedAt: now, revokeReason }
  }

  #takePlace(key: string, limit: number, { taken }: Places): boolean {
    const before = taken.get(key) ?? (this.#taken.get(key, limit) as number)
    taken.set(key, before < limit ? before + 1 : before)
    return before < limit
  }
}

function entry(state: State, key: string | null, limit: number | null): Entry {
  return {
    state,
    concurrencyKey: key,
    concurrencyLimit: limit,
    rateKey: null,
    blockedOn: null,
    finishedAt: null,
    revokeReason: null,
  }
}
