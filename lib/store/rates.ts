import { momentOf, type Rate } from '../domain/rate.ts'
import type { Connection, Statement } from './driver.ts'

/** What counts against a rate: a queue, a task, or a key of a task. */
export interface Room {
  free: number
  /** When there is more, in epoch ms; of no meaning while some is free. */
  next: number
}

/** A start as it was counted. */
export interface Start {
  bucket: string
  rate: Rate
  at: number
}

export interface BucketRow {
  bucket: string
  most: number
  per: number
  until: number | null
}

type Window = [starts: number | null, oldest: number | null, newest: number | null, until: number | null]

/** A start that lies further ahead than this was counted before the wall clock was set back, in ms. */
const AHEAD = 5_000
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

/**
 * Starts by bucket and moment, for as long as they count, and the keys that jobs wait for. Kept in the file, so that a rate
 * holds over all processes and restarts. The caller holds the transaction.
 */
export class Rates {
  readonly #window: Statement
  readonly #add: Statement
  readonly #move: Statement
  readonly #take: Statement
  readonly #drop: Statement
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
  readonly #corrections = new Map<string, { start: Start; to: number | null; count: number }>()
  #roused = false
  /** The last start that the present walk has looked at. */
  #walked: [bucket: string, at: number] = ['', 0]
  #walkAt = 0
  #soonest = Number.POSITIVE_INFINITY

  constructor(db: Connection) {
    this.#window = db
      .prepare(`SELECT sum(starts), min(at), max(at), (SELECT until FROM celeriac_buckets WHERE bucket = ?)
        FROM celeriac_starts WHERE bucket = ? AND at > ?`)
      .raw()
    this.#add = db.prepare(`INSERT INTO celeriac_starts (bucket, at, starts, ends) VALUES (?, ?, ?, ?)
      ON CONFLICT (bucket, at) DO UPDATE SET starts = starts + excluded.starts, ends = max(ends, excluded.ends)`)
    this.#move = db.prepare(
      'UPDATE OR IGNORE celeriac_starts SET at = ?, ends = ? WHERE bucket = ? AND at = ? AND starts = ?',
    )
    this.#take = db.prepare('UPDATE celeriac_starts SET starts = starts - ? WHERE bucket = ? AND at = ?')
    this.#drop = db.prepare('DELETE FROM celeriac_starts WHERE bucket = ? AND at = ? AND starts <= 0')
    this.#heal = db.prepare('DELETE FROM celeriac_starts WHERE bucket = ? AND at > ? RETURNING starts')
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
      .prepare(
        'SELECT bucket, at, ends FROM celeriac_starts WHERE (bucket, at) > (?, ?) ORDER BY bucket, at LIMIT ? + 0',
      )
      .raw()
    this.#prune = db.prepare('DELETE FROM celeriac_starts WHERE bucket = ? AND at = ?')
    this.#pruneBuckets = db.prepare(`DELETE FROM celeriac_buckets WHERE bucket IN
      (SELECT b.bucket FROM celeriac_buckets b WHERE b.wake_at IS NULL AND coalesce(b.until, 0) <= ?
        AND NOT EXISTS (SELECT 1 FROM celeriac_jobs WHERE blocked_on = b.bucket AND state = 'BLOCKED') LIMIT ? + 0)`)
  }

  /** How many may start now. */
  room(bucket: string, rate: Rate | null, now: number): Room {
    const [starts, oldest, newest, until] = this.#window.get(bucket, bucket, rate ? now - rate.per : now) as Window
    const ahead = rate !== null && newest !== null && newest > now + AHEAD
    if (ahead) this.#clockWentBack(bucket, rate, now)
    if (until !== null && until > now) return { free: 0, next: until }
    if (!rate) return { free: Number.POSITIVE_INFINITY, next: now }
    return { free: Math.max(0, rate.limit - (starts ?? 0)), next: (ahead ? now : (oldest ?? now)) + rate.per }
  }

  record(bucket: string, rate: Rate, at: number, starts: number): void {
    this.#add.run(bucket, at, starts, at + rate.per)
  }

  /** Notes when a job really began, if that was later, or with null that it never did; written by `flush`. */
  correct(start: Start, began: number | null): void {
    const to = began === null ? null : momentOf(start.rate, began)
    // Counted for longer than it need be it does no harm.
    if (to !== null && to <= start.at) return
    const key = `${start.bucket}\0${start.at}\0${to}`
    const known = this.#corrections.get(key)
    if (known) known.count++
    else this.#corrections.set(key, { start, to, count: 1 })
  }

  /** Writes the corrections; returns the buckets that they concern. */
  flush(): string[] {
    if (this.#corrections.size === 0) return []
    const buckets: string[] = []
    for (const { start, to, count } of this.#corrections.values()) {
      const { bucket, rate, at } = start
      buckets.push(bucket)
      if (to !== null && this.#move.run(to, to + rate.per, bucket, at, count).changes === 1) continue
      if (this.#take.run(count, bucket, at).changes === 0) continue
      this.#drop.run(bucket, at)
      if (to !== null) this.record(bucket, rate, to, count)
    }
    this.#corrections.clear()
    return buckets
  }

  /** The transaction was undone. */
  clear(): void {
    this.#corrections.clear()
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
    const rows = this.#page.all(...this.#walked, limit) as [bucket: string, at: number, ends: number][]
    for (const [bucket, at, ends] of rows) {
      if (ends <= now) this.#prune.run(bucket, at)
      else this.#soonest = Math.min(this.#soonest, ends)
    }
    const last = rows.length === limit ? rows.at(-1) : undefined
    this.#walked = last ? [last[0], last[1]] : ['', 0]
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
