import { momentOf, type Rate } from '../domain/rate.ts'
import type { Connection, Statement } from './driver.ts'

/** What counts against a rate: a queue, a task, or a key of a task. */
export interface Room {
  free: number
  /** When there is more, in epoch ms; of no meaning while some is free. */
  next: number
}

/** A place that a claimed job holds of a rate until it is known when it began. */
export interface Place {
  bucket: string
  rate: Rate
  /** The process that claimed it, and when. */
  owner: number
  at: number
}

export interface BucketRow {
  bucket: string
  most: number
  per: number
  until: number | null
}

type Window = [
  taken: number | null,
  oldest: number | null,
  newest: number | null,
  held: number | null,
  until: number | null,
]

/**
 * Places that are held stand among the begins, at the moment of their claim plus this: behind any begin, so that one look
 * counts both, and a begin only moves the row.
 */
const HELD = 2 ** 50

/** Places taken by one statement, which costs less for each. */
const BLOCK = 16
const COLUMNS = 5
/** How soon to look again whether a place is free that was held for longer than its window, in ms. */
const HELD_AGAIN = 20

/** A start that lies further ahead than this was counted before the wall clock was set back, in ms. */
const AHEAD = 5_000
/** By so much the moment of a begin may be rounded up before it gets here, in ms. */
const ROUNDED = 2
/** Longest time between two walks over all starts, in ms. */
const WALK_EVERY = 60_000

const instances = new WeakMap<Connection, Rates>()

/** The one instance of a connection. */
export function ratesOf(db: Connection): Rates {
  let rates = instances.get(db)
  if (!rates) {
    rates = new Rates(db)
    instances.set(db, rates)
  }
  return rates
}

/** All that the starts of a job may count against. */
export function bucketsOf(job: { queue: string; task: string; rateKey: string | null }): string[] {
  const lines = [`queue:${job.queue}`, `task:${job.task}`]
  return job.rateKey === null ? lines : [...lines, job.rateKey]
}

/**
 * Begins by bucket and moment, for as long as they count, the places of those that are claimed and may begin any moment,
 * and the keys that jobs wait for. Kept in the file, so that a rate holds over all processes and restarts. No window of
 * begins holds more than the limit, however late a thread begins what was claimed: its place is held until then.
 * The caller holds the transaction.
 */
export class Rates {
  readonly #untouched: Statement
  readonly #window: Statement
  readonly #add: Statement
  readonly #hold: Statement
  readonly #holdBlock: Statement
  readonly #move: Statement
  readonly #free: Statement
  readonly #freeSome: Statement
  readonly #freeAll: Statement
  readonly #freeStray: Statement
  readonly #freeIfStray: Statement
  readonly #heal: Statement
  readonly #declare: Statement
  readonly #backOff: Statement
  readonly #shorten: Statement
  readonly #wake: Statement
  readonly #hasten: Statement
  readonly #rouse: Statement
  readonly #rouseTask: Statement
  readonly #rouseAll: Statement
  readonly #due: Statement
  readonly #nextWake: Statement
  readonly #any: Statement
  readonly #page: Statement
  readonly #prune: Statement
  readonly #pruneBuckets: Statement
  /** What is to be written of places, by the moment of the begins. */
  readonly #settled = new Map<Place, { begun: number | null; count: number }[]>()
  readonly #opened = new Set<string>()
  #roused = false
  /** The last start that the present walk has looked at. */
  #walked: [bucket: string, at: number, owner: number] = ['', 0, 0]
  #walkAt = 0
  #soonest = Number.POSITIVE_INFINITY

  constructor(db: Connection) {
    this.#untouched = db
      .prepare(`SELECT NOT EXISTS (SELECT 1 FROM celeriac_starts WHERE bucket = ? AND at > ?)
        AND NOT EXISTS (SELECT 1 FROM celeriac_buckets WHERE bucket = ?)`)
      .pluck()
    this.#window = db
      .prepare(`SELECT sum(starts), min(at), max(iif(at < ${HELD}, at, NULL)), min(iif(at < ${HELD}, NULL, at)) - ${HELD},
          (SELECT until FROM celeriac_buckets WHERE bucket = ?)
        FROM celeriac_starts WHERE bucket = ? AND at > ?`)
      .raw()
    this.#add = db.prepare(`INSERT INTO celeriac_starts (bucket, at, starts, per) VALUES (?, ?, ?, ?)
      ON CONFLICT (bucket, at, owner) DO UPDATE SET starts = starts + excluded.starts, per = max(per, excluded.per)`)
    const hold = (places: number): Statement =>
      db.prepare(`INSERT INTO celeriac_starts (bucket, at, owner, starts, per)
        VALUES ${Array(places).fill(`(?, ? + ${HELD}, ?, ?, ?)`).join(', ')}
        ON CONFLICT (bucket, at, owner) DO UPDATE SET starts = starts + excluded.starts, per = max(per, excluded.per)`)
    this.#hold = hold(1)
    this.#holdBlock = hold(BLOCK)
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
    const free = (which: string): Statement =>
      db.prepare(`DELETE FROM celeriac_starts WHERE ${which} RETURNING bucket, starts, per`)
    const stray = 'owner NOT IN (SELECT id FROM celeriac_processes)'
    // Two that read all starts: a process comes and leaves but once.
    this.#freeAll = free(`at >= ${HELD} AND owner = ?`)
    this.#freeStray = free(`at >= ${HELD} AND ${stray}`)
    this.#freeIfStray = free(`bucket = ? AND at = ? AND owner = ? AND ${stray}`)
    this.#heal = db.prepare(`DELETE FROM celeriac_starts WHERE bucket = ? AND at > ? AND at < ${HELD} RETURNING starts`)
    this.#declare = db.prepare(`INSERT INTO celeriac_buckets (bucket, most, per) VALUES (?, ?, ?)
      ON CONFLICT (bucket) DO UPDATE SET most = excluded.most, per = excluded.per`)
    this.#backOff = db.prepare(
      'UPDATE celeriac_buckets SET until = @until, wait = @wait WHERE bucket = @bucket AND coalesce(until, 0) < @until',
    )
    this.#shorten = db.prepare('UPDATE celeriac_buckets SET until = ? + wait WHERE until > ? + wait')
    this.#wake = db.prepare('UPDATE celeriac_buckets SET wake_at = ? WHERE bucket = ?')
    this.#hasten = db.prepare('UPDATE celeriac_buckets SET wake_at = ? WHERE bucket = ? AND wake_at > ?')
    this.#rouse = db.prepare('UPDATE celeriac_buckets SET wake_at = ? WHERE bucket = ? AND wake_at IS NULL')
    // From the line end after the task's name up to the character that follows it.
    this.#rouseTask = db.prepare(
      'UPDATE celeriac_buckets SET wake_at = ? WHERE bucket >= ? AND bucket < ? AND wake_at IS NOT NULL',
    )
    this.#rouseAll = db.prepare('UPDATE celeriac_buckets SET wake_at = ? WHERE wake_at IS NOT NULL AND wake_at > ?')
    this.#due = db.prepare(`SELECT bucket, most, per, until FROM celeriac_buckets
      WHERE wake_at IS NOT NULL AND wake_at <= ? ORDER BY wake_at LIMIT ? + 0`)
    this.#nextWake = db
      .prepare('SELECT wake_at FROM celeriac_buckets WHERE wake_at IS NOT NULL ORDER BY wake_at LIMIT 1')
      .pluck()
    this.#any = db
      .prepare('SELECT EXISTS (SELECT 1 FROM celeriac_starts) OR EXISTS (SELECT 1 FROM celeriac_buckets)')
      .pluck()
    this.#page = db
      .prepare(`SELECT bucket, at, owner, at + per FROM celeriac_starts WHERE (bucket, at, owner) > (?, ?, ?)
        ORDER BY bucket, at, owner LIMIT ? + 0`)
      .raw()
    this.#prune = db.prepare('DELETE FROM celeriac_starts WHERE bucket = ? AND at = ?')
    this.#pruneBuckets = db.prepare(`DELETE FROM celeriac_buckets WHERE bucket IN
      (SELECT b.bucket FROM celeriac_buckets b WHERE b.wake_at IS NULL AND coalesce(b.until, 0) <= ?
        AND NOT EXISTS (SELECT 1 FROM celeriac_jobs WHERE blocked_on = b.bucket AND state = 'BLOCKED') LIMIT ? + 0)`)
  }

  /** How many may start now. */
  room(bucket: string, rate: Rate | null, now: number): Room {
    const since = rate ? now - rate.per : now
    // Most keys of a rate are new, and to find nothing costs less than to count it.
    if (rate && this.#untouched.get(bucket, since, bucket) === 1) return { free: rate.limit, next: now }
    const [taken, oldest, newest, heldSince, until] = this.#window.get(bucket, bucket, since) as Window
    const ahead = rate !== null && newest !== null && newest > now + AHEAD
    if (ahead) this.#clockWentBack(bucket, rate, now)
    if (until !== null && until > now) return { free: 0, next: until }
    if (!rate) return { free: Number.POSITIVE_INFINITY, next: now }
    const free = Math.max(0, rate.limit - (taken ?? 0))
    const over = (ahead ? now : (oldest ?? now)) + rate.per
    if (heldSince === null) return { free, next: over }
    // It may have begun right after its claim, and not been told as yet.
    const heldOver = Math.min(Math.max(heldSince + rate.per, now + HELD_AGAIN), now + rate.per)
    return { free, next: newest === null ? heldOver : Math.min(over, heldOver) }
  }

  /** So many jobs of each are claimed, and may begin any moment. */
  hold(claimed: readonly (readonly [place: Place, places: number])[]): void {
    let values: unknown[] = []
    let rows = 0
    for (const [{ bucket, rate, owner, at }, places] of claimed) {
      values.push(bucket, at, owner, places, rate.per)
      if (++rows < BLOCK) continue
      this.#holdBlock.run(values)
      values = []
      rows = 0
    }
    for (let i = 0; i < values.length; i += COLUMNS) this.#hold.run(values.slice(i, i + COLUMNS))
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
    if (began === null || began + rate.per <= now) this.#opened.add(bucket)
    // What lies ahead was noted before the clock was set back.
    const begun = began === null ? null : momentOf(rate, Math.min(began, now + ROUNDED))
    const moments = this.#settled.get(place)
    const known = moments?.find((moment) => moment.begun === begun)
    if (known) known.count++
    else if (moments) moments.push({ begun, count: 1 })
    else this.#settled.set(place, [{ begun, count: 1 }])
  }

  /** Writes what was settled; returns the buckets that have more room by it. */
  flush(now: number): string[] {
    if (this.#settled.size === 0) return []
    for (const [place, moments] of this.#settled) for (const moment of moments) this.#write(place, moment)
    const opened = [...this.#opened]
    for (const bucket of opened) if (this.#hasten.run(now, bucket, now).changes > 0) this.#roused = true
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

  /** The transaction was undone. */
  clear(): void {
    this.#settled.clear()
    this.#opened.clear()
  }

  /** The same for a claimed job of a dead process. */
  bequeath(
    job: { queue: string; task: string; rateKey: string | null },
    owner: number,
    at: number,
    began: number | null,
  ): void {
    for (const bucket of bucketsOf(job)) {
      const per = this.#freePlaces({ bucket, owner, at }, 1)
      if (per !== undefined && began !== null) this.record(bucket, { per }, began, 1)
    }
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

  /** Jobs wait, or are going to wait, for this key. */
  declare(bucket: string, { limit, per }: Rate): void {
    this.#declare.run(bucket, limit, per)
  }

  /** Nothing of a declared bucket starts for `wait` ms from now. */
  backOff(bucket: string, now: number, wait: number): void {
    this.#backOff.run({ bucket, until: now + wait, wait })
  }

  /** When jobs that wait for the key are to be looked at, or null for not before something of it starts. */
  wakeAt(bucket: string, at: number | null): void {
    this.#wake.run(at, bucket)
  }

  /** A job that was let in for a key left without having started: another may take its turn. */
  rouse(bucket: string, now: number): void {
    if (this.#rouse.run(now, bucket).changes > 0) this.#roused = true
  }

  /** The rate of a task was changed: what waits for its keys is looked at now. */
  rouseTask(task: string, now: number): void {
    this.#rouseTask.run(now, `rate\n${task}\n`, `rate\n${task}\v`)
    this.#roused = true
  }

  /**
   * The wall clock was set back: every key that jobs wait for is looked at now, not when the clock has caught up, and no
   * back-off lasts longer than was told.
   */
  rouseAll(now: number): void {
    this.#shorten.run(now, now)
    this.#rouseAll.run(now, now)
  }

  /** Whether a key was roused since the last call. */
  takeRoused(): boolean {
    const roused = this.#roused
    this.#roused = false
    return roused
  }

  due(now: number, limit: number): BucketRow[] {
    return this.#due.all(now, limit) as BucketRow[]
  }

  nextWake(): number | null {
    return (this.#nextWake.get() as number | undefined) ?? null
  }

  /** Whether it is time to look for what no longer counts, and there is anything. */
  prunable(now: number): boolean {
    const due = now >= this.#walkAt || this.#walkAt > now + WALK_EVERY
    return due && this.any()
  }

  any(): boolean {
    return this.#any.get() === 1
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
    if (last || this.#pruneBuckets.run(now, limit).changes === limit) return true
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
    const over = now + rate.per
    if (this.#hasten.run(over, bucket, over).changes > 0) this.#roused = true
  }
}
