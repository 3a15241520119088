import { momentOf, type Rate } from '../domain/rate.ts'
import { type AwaitedKeys, awaitedKeysOf } from './awaited-keys.ts'
import { type Connection, perConnection, type Statement } from './driver.ts'

/** What counts against a rate: a queue, a task, or a key of a task. */
export interface Room {
  free: number
  /** When there is more, in epoch ms; of no meaning while some is free. */
  next: number
}

/** A place that a claimed job holds of the rate of its queue or task until it is known when it began. */
export interface Place {
  bucket: string
  rate: Rate
  /** The process that claimed it, and when. */
  owner: number
  at: number
}

/** A job that was claimed under the rate of its key. */
export interface KeyedJob {
  seq: number
  owner: number
  token: number
  rateKey: string | null
}

type Window = [
  taken: number | null,
  oldest: number | null,
  newest: number | null,
  held: number | null,
  until: number | null,
  heldOfKey: number,
  heldOfKeySince: number | null,
]

/** When a job of a key began. */
interface KeyBegin {
  seq: number
  key: string
  at: number
  per: number
}

/**
 * Places that are held of a line stand among the begins, at the moment of their claim plus this: behind any begin, so that
 * one look counts both, and a begin only moves the row. Those of a key stand with the claims of their jobs, and go with them.
 */
const HELD = 2 ** 50
/** The lines: places of keys are not searched for. */
const OF_LINES = "(bucket >= 'queue:' AND bucket < 'queue;' OR bucket >= 'task:' AND bucket < 'task;')"

/** Least neighbours whose begins are written by one statement, which costs a third for each. */
const RANGE = 4
/** How soon to look again whether a place is free that was held for longer than its window, in ms. */
const HELD_AGAIN = 20

/** A start that lies further ahead than this was counted before the wall clock was set back, in ms. */
const AHEAD = 5_000
/** By so much the moment of a begin may be rounded up before it gets here, in ms. */
const ROUNDED = 2
/** Longest time between two walks over all starts, in ms. */
const WALK_EVERY = 60_000

/** The one instance of a connection. */
export const ratesOf = perConnection((db) => new Rates(db))

/**
 * Begins by bucket and moment, for as long as they count, and the places of those that are claimed and may begin any
 * moment. Kept in the file, so that a rate holds over all processes and restarts. No window of begins holds more than the
 * limit, however late a thread begins what was claimed: its place is held until then.
 * The caller holds the transaction.
 */
export class Rates {
  readonly #awaited: AwaitedKeys
  readonly #untouched: Statement
  readonly #touched: Statement
  readonly #window: Statement
  readonly #add: Statement
  readonly #addRange: Statement
  readonly #hold: Statement
  readonly #move: Statement
  readonly #free: Statement
  readonly #freeSome: Statement
  readonly #freeKey: Statement
  readonly #freeAll: Statement
  readonly #freeStray: Statement
  readonly #freeIfStray: Statement
  readonly #heal: Statement
  readonly #any: Statement
  readonly #page: Statement
  readonly #prune: Statement
  /** What is to be written of places, by the moment of the begins. */
  readonly #settled = new Map<Place, { begun: number | null; count: number }[]>()
  #begins: KeyBegin[] = []
  readonly #opened = new Set<string>()
  /** The last start that the present walk has looked at. */
  #walked: [bucket: string, at: number, owner: number] = ['', 0, 0]
  #walkAt = 0
  #soonest = Number.POSITIVE_INFINITY

  constructor(db: Connection) {
    this.#awaited = awaitedKeysOf(db)
    const some = 'EXISTS (SELECT 1 FROM'
    this.#untouched = db
      .prepare(`SELECT NOT (${some} celeriac_starts WHERE bucket = ? AND at > ?) OR ${some} celeriac_claims WHERE rate_key = ?)
        OR ${some} celeriac_buckets WHERE bucket = ?))`)
      .pluck()
    this.#touched = db
      .prepare(`SELECT j.seq FROM celeriac_jobs j WHERE j.seq BETWEEN ? AND ? AND (
        ${some} celeriac_starts s WHERE s.bucket = j.rate_key AND s.at > ?)
        OR ${some} celeriac_claims c WHERE c.rate_key = j.rate_key)
        OR ${some} celeriac_buckets b WHERE b.bucket = j.rate_key))`)
      .pluck()
    this.#window = db
      .prepare(`SELECT sum(starts), min(at), max(iif(at < ${HELD}, at, NULL)), min(iif(at < ${HELD}, NULL, at)) - ${HELD},
          (SELECT until FROM celeriac_buckets WHERE bucket = @bucket),
          (SELECT count(*) FROM celeriac_claims WHERE rate_key = @bucket),
          (SELECT min(started_at) FROM celeriac_claims WHERE rate_key = @bucket)
        FROM celeriac_starts WHERE bucket = @bucket AND at > @since`)
      .raw()
    const more =
      'ON CONFLICT (bucket, at, owner) DO UPDATE SET starts = starts + excluded.starts, per = max(per, excluded.per)'
    this.#add = db.prepare(`INSERT INTO celeriac_starts (bucket, at, starts, per) VALUES (?, ?, ?, ?) ${more}`)
    this.#addRange = db.prepare(`INSERT INTO celeriac_starts (bucket, at, starts, per)
      SELECT rate_key, ?, 1, ? FROM celeriac_jobs WHERE seq BETWEEN ? AND ? ${more}`)
    this.#hold = db.prepare(
      `INSERT INTO celeriac_starts (bucket, at, owner, starts, per) VALUES (?, ? + ${HELD}, ?, ?, ?) ${more}`,
    )
    // Where others have begun in the same moment there is a row already, and neither is changed.
    this.#move = db.prepare(`UPDATE OR IGNORE celeriac_starts SET at = ?, owner = 0
      WHERE bucket = ? AND at = ? + ${HELD} AND owner = ? AND starts = ?`)
    this.#free = db
      .prepare(
        `DELETE FROM celeriac_starts WHERE bucket = ? AND at = ? + ${HELD} AND owner = ? AND starts <= ? RETURNING per`,
      )
      .pluck()
    this.#freeSome = db
      .prepare(`UPDATE celeriac_starts SET starts = starts - @count
        WHERE bucket = @bucket AND at = @at + ${HELD} AND owner = @owner RETURNING per`)
      .pluck()
    this.#freeKey = db.prepare(
      'UPDATE celeriac_claims SET rate_key = NULL, rate_per = NULL WHERE seq = ? AND owner = ? AND token = ?',
    )
    const free = (which: string): Statement =>
      db.prepare(`DELETE FROM celeriac_starts WHERE ${which} RETURNING bucket, starts, per`)
    const stray = 'owner NOT IN (SELECT id FROM celeriac_processes)'
    this.#freeAll = free(`${OF_LINES} AND at >= ${HELD} AND owner = ?`)
    this.#freeStray = free(`${OF_LINES} AND at >= ${HELD} AND ${stray}`)
    this.#freeIfStray = free(`bucket = ? AND at = ? AND owner = ? AND ${stray}`)
    this.#heal = db.prepare(`DELETE FROM celeriac_starts WHERE bucket = ? AND at > ? AND at < ${HELD} RETURNING starts`)
    this.#any = db.prepare('SELECT EXISTS (SELECT 1 FROM celeriac_starts)').pluck()
    this.#page = db
      .prepare(`SELECT bucket, at, owner, at + per FROM celeriac_starts WHERE (bucket, at, owner) > (?, ?, ?)
        ORDER BY bucket, at, owner LIMIT ? + 0`)
      .raw()
    this.#prune = db.prepare('DELETE FROM celeriac_starts WHERE bucket = ? AND at = ?')
  }

  /** How many may start now. */
  room(bucket: string, rate: Rate | null, now: number): Room {
    const since = rate ? now - rate.per : now
    // Most keys of a rate are new, and to find nothing costs less than to count it.
    if (rate && this.#untouched.get(bucket, since, bucket, bucket) === 1) return { free: rate.limit, next: now }
    const [taken, oldest, newest, heldSince, until, heldOfKey, heldOfKeySince] = this.#window.get({
      bucket,
      since,
    }) as Window
    const ahead = rate !== null && newest !== null && newest > now + AHEAD
    if (ahead) this.#clockWentBack(bucket, rate, now)
    if (until !== null && until > now) return { free: 0, next: until }
    if (!rate) return { free: Number.POSITIVE_INFINITY, next: now }
    const free = Math.max(0, rate.limit - (taken ?? 0) - heldOfKey)
    const over = (ahead ? now : (oldest ?? now)) + rate.per
    const claimedSince = heldSince ?? heldOfKeySince
    if (claimedSince === null) return { free, next: over }
    // It may have begun right after its claim, and not been told as yet.
    const heldOver = Math.min(Math.max(claimedSince + rate.per, now + HELD_AGAIN), now + rate.per)
    return { free, next: newest === null ? heldOver : Math.min(over, heldOver) }
  }

  /** Which of the jobs of these rows are under a key of which something counts, has begun or waits. */
  touched(first: number, last: number, { per }: Rate, now: number): ReadonlySet<number> {
    const touched = this.#touched.all(first, last, now - per) as number[]
    return touched.length === 0 ? NONE : new Set(touched)
  }

  /** So many jobs of a queue or task are claimed, and may begin any moment. Those of a key say so with their claims. */
  hold({ bucket, rate, owner, at }: Place, places: number): void {
    this.#hold.run(bucket, at, owner, places, rate.per)
  }

  /** @param at not before the begins; in epoch ms */
  record(bucket: string, { per }: Pick<Rate, 'per'>, at: number, begins: number): void {
    this.#add.run(bucket, at, begins, per)
  }

  /**
   * A job that held a place is known to have begun, or with null never to have; written by `flush`.
   * @param began not before its begin; in epoch ms
   */
  settle(place: Place, began: number | null, now: number): void {
    const { bucket, rate } = place
    const begun = this.#momentOf(bucket, rate, began, now)
    const moments = this.#settled.get(place)
    const known = moments?.find((moment) => moment.begun === begun)
    if (known) known.count++
    else if (moments) moments.push({ begun, count: 1 })
    else this.#settled.set(place, [{ begun, count: 1 }])
  }

  /** The same of a job with a place of its key, whose claim is given up in the same transaction. */
  settleKey({ seq, rateKey }: KeyedJob, rate: Rate, began: number | null, now: number): void {
    const key = rateKey as string
    const at = this.#momentOf(key, rate, began, now)
    if (at !== null) this.#begins.push({ seq, key, at, per: rate.per })
  }

  /** The same of one whose claim others have given up. */
  recordKey(key: string, rate: Rate, began: number, now: number): void {
    this.record(key, rate, moment(rate, began, now), 1)
  }

  /** The same of one that goes on; false when its claim is not held any more, and nothing is counted. */
  freeKey({ seq, owner, token }: KeyedJob): boolean {
    return this.#freeKey.run(seq, owner, token).changes === 1
  }

  #momentOf(bucket: string, rate: Rate, began: number | null, now: number): number | null {
    // Whoever waits looks again after a while, as long as a place is held, and may by then be late for the window's end.
    if (began === null || began + rate.per <= now + HELD_AGAIN) this.#opened.add(bucket)
    return began === null ? null : moment(rate, began, now)
  }

  /** Writes what was settled; returns the buckets that have more room by it. */
  flush(now: number): string[] {
    if (this.#settled.size === 0 && this.#begins.length === 0 && this.#opened.size === 0) return []
    for (const [place, moments] of this.#settled) for (const moment of moments) this.#write(place, moment)
    this.#writeBegins()
    const opened = [...this.#opened]
    for (const bucket of opened) this.#awaited.hasten(bucket, now)
    this.clear()
    return opened
  }

  #write(place: Place, { begun, count }: { begun: number | null; count: number }): void {
    const { bucket, rate, owner, at } = place
    if (begun !== null && this.#move.run(begun, bucket, at, owner, count).changes === 1) return
    this.#freePlaces(place, count)
    // Also where the place is gone: the process was taken for dead, and what it runs all the same counts as well.
    if (begun !== null) this.record(bucket, rate, begun, count)
  }

  #writeBegins(): void {
    const begins = this.#begins
    if (begins.length > 1) begins.sort((a, b) => a.seq - b.seq)
    for (let from = 0; from < begins.length; ) {
      const { seq, at, per } = begins[from]!
      let count = 1
      for (let next = begins[from + 1]; next?.seq === seq + count && next.at === at && next.per === per; )
        next = begins[from + ++count]
      if (count >= RANGE) this.#addRange.run(at, per, seq, seq + count - 1)
      else for (const begin of begins.slice(from, from + count)) this.#add.run(begin.key, at, 1, per)
      from += count
    }
  }

  /** The transaction was undone. */
  clear(): void {
    this.#settled.clear()
    this.#begins = []
    this.#opened.clear()
  }

  /** The same for a claimed job of a dead process, whose claim is given up in the same transaction. */
  bequeath(
    job: { queue: string; task: string; rateKey: string | null; ratePer: number | null },
    owner: number,
    at: number,
    began: number | null,
  ): void {
    for (const bucket of [`queue:${job.queue}`, `task:${job.task}`]) {
      const per = this.#freePlaces({ bucket, owner, at }, 1)
      if (per !== undefined && began !== null) this.record(bucket, { per }, began, 1)
    }
    if (job.rateKey !== null && job.ratePer !== null && began !== null)
      this.record(job.rateKey, { per: job.ratePer }, began, 1)
  }

  /** A process leaves: what it still holds, of jobs that have ended, counts as begun now. */
  leave(owner: number, now: number): void {
    this.#begunBy(this.#freeAll.all(owner), now)
  }

  /** The same of processes that are not on the file any more: in one restored from a backup, or when one was taken for dead. */
  leaveStray(now: number): void {
    this.#begunBy(this.#freeStray.all(), now)
  }

  #begunBy(rows: unknown[], now: number): void {
    for (const { bucket, starts, per } of rows as { bucket: string; starts: number; per: number }[])
      this.record(bucket, { per }, now, starts)
  }

  #freePlaces({ owner, bucket, at }: Omit<Place, 'rate'>, count: number): number | undefined {
    return (this.#free.get(bucket, at, owner, count) ?? this.#freeSome.get({ owner, bucket, at, count })) as
      | number
      | undefined
  }

  /** Whether it is time to look for what no longer counts, and there is anything. */
  prunable(now: number): boolean {
    const due = now >= this.#walkAt || this.#walkAt > now + WALK_EVERY
    return due && this.any()
  }

  any(): boolean {
    return this.#any.get() === 1 || this.#awaited.any()
  }

  /** Looks at so many starts after the last ones, and deletes those that no longer count; true when there are more. */
  prune(now: number, limit: number): boolean {
    const rows = this.#page.all(...this.#walked, limit) as [bucket: string, at: number, owner: number, ends: number][]
    for (const [bucket, at, owner, ends] of rows) {
      if (ends <= now) this.#prune.run(bucket, at)
      else if (at < HELD) this.#soonest = Math.min(this.#soonest, ends)
      else this.#begunBy(this.#freeIfStray.all(bucket, at, owner), now)
    }
    const last = rows.length === limit ? rows.at(-1) : undefined
    this.#walked = last ? [last[0], last[1], last[2]] : ['', 0, 0]
    if (last || this.#awaited.prune(now, limit) === limit) return true
    this.#walkAt = Math.min(this.#soonest, now + WALK_EVERY)
    this.#soonest = Number.POSITIVE_INFINITY
    return false
  }

  /** Counts starts that lie ahead as if they were made now: nobody waits for a clock to catch up. */
  #clockWentBack(bucket: string, rate: Rate, now: number): void {
    let starts = 0
    for (const row of this.#heal.all(bucket, now) as { starts: number }[]) starts += row.starts
    if (starts > 0) this.record(bucket, rate, now, starts)
    // What waits was to be looked at when they would have been over.
    this.#awaited.hasten(bucket, now + rate.per)
  }
}

const NONE: ReadonlySet<number> = new Set()

/** What lies ahead was noted before the clock was set back. */
const moment = (rate: Rate, began: number, now: number): number => momentOf(rate, Math.min(began, now + ROUNDED))
