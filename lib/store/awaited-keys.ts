import type { Rate } from '../domain/rate.ts'
import { type Connection, perConnection, type Statement } from './driver.ts'

export interface AwaitedKey {
  bucket: string
  most: number
  per: number
}

/** The one instance of a connection. */
export const awaitedKeysOf = perConnection((db) => new AwaitedKeys(db))

/** Keys of rates that jobs wait for, or that were told to back off, and when each is to be looked at. The caller holds the transaction. */
export class AwaitedKeys {
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
  readonly #prune: Statement
  #roused = false

  constructor(db: Connection) {
    this.#declare = db.prepare(`INSERT INTO celeriac_buckets (bucket, most, per) VALUES (?, ?, ?)
      ON CONFLICT (bucket) DO UPDATE SET most = excluded.most, per = excluded.per`)
    this.#backOff = db.prepare(
      'UPDATE celeriac_buckets SET until = @until, wait = @wait WHERE bucket = @bucket AND coalesce(until, 0) < @until',
    )
    this.#shorten = db.prepare('UPDATE celeriac_buckets SET until = ? + wait WHERE until > ? + wait')
    this.#wake = db.prepare('UPDATE celeriac_buckets SET wake_at = ? WHERE bucket = ?')
    this.#hasten = db.prepare('UPDATE celeriac_buckets SET wake_at = ? WHERE bucket = ? AND wake_at > ?')
    this.#rouse = db.prepare(
      'UPDATE celeriac_buckets SET wake_at = ? WHERE bucket = ? AND (wake_at IS NULL OR wake_at > ?)',
    )
    // From the line end after the task's name up to the character that follows it.
    this.#rouseTask = db.prepare(
      'UPDATE celeriac_buckets SET wake_at = ? WHERE bucket >= ? AND bucket < ? AND wake_at IS NOT NULL',
    )
    this.#rouseAll = db.prepare('UPDATE celeriac_buckets SET wake_at = ? WHERE wake_at IS NOT NULL AND wake_at > ?')
    this.#due = db.prepare(`SELECT bucket, most, per FROM celeriac_buckets
      WHERE wake_at IS NOT NULL AND wake_at <= ? ORDER BY wake_at LIMIT ? + 0`)
    this.#nextWake = db
      .prepare('SELECT wake_at FROM celeriac_buckets WHERE wake_at IS NOT NULL ORDER BY wake_at LIMIT 1')
      .pluck()
    this.#any = db.prepare('SELECT EXISTS (SELECT 1 FROM celeriac_buckets)').pluck()
    this.#prune = db.prepare(`DELETE FROM celeriac_buckets WHERE bucket IN
      (SELECT b.bucket FROM celeriac_buckets b WHERE b.wake_at IS NULL AND coalesce(b.until, 0) <= ?
        AND NOT EXISTS (SELECT 1 FROM celeriac_jobs WHERE blocked_on = b.bucket AND state = 'BLOCKED') LIMIT ? + 0)`)
  }

  /** Jobs wait, or are going to wait, for this key. */
  declare(key: string, { limit, per }: Rate): void {
    this.#declare.run(key, limit, per)
  }

  /** Nothing of a declared key starts for `wait` ms from now. */
  backOff(key: string, now: number, wait: number): void {
    this.#backOff.run({ bucket: key, until: now + wait, wait })
  }

  /** When jobs that wait for the key are to be looked at, or null for not before something of it starts. */
  wakeAt(key: string, at: number | null): void {
    this.#wake.run(at, key)
  }

  /** They are to be looked at by then. */
  hasten(key: string, at: number): void {
    if (this.#hasten.run(at, key, at).changes > 0) this.#roused = true
  }

  /** A job that was let in for a key left without having started: another may take its turn. */
  rouse(key: string, now: number): void {
    if (this.#rouse.run(now, key, now).changes > 0) this.#roused = true
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

  due(now: number, limit: number): AwaitedKey[] {
    return this.#due.all(now, limit) as AwaitedKey[]
  }

  nextWake(): number | null {
    return (this.#nextWake.get() as number | undefined) ?? null
  }

  any(): boolean {
    return this.#any.get() === 1
  }

  /** Deletes those that nobody waits for any more; returns how many. */
  prune(now: number, limit: number): number {
    return this.#prune.run(now, limit).changes
  }
}
