import type { Rate } from '../domain/rate.ts'
import type { LineName } from '../wire/obstacle.ts'
import { isNumber, isObject, readJson } from '../wire/stored-json.ts'
import type { Connection, Statement } from './driver.ts'

export interface Order extends LineName {
  pausedAt: number | null
  /** Instead of the declared one; null for that. */
  rate: Rate | 'none' | null
  /** Nothing starts before then: a task was told to slow down. */
  until: number | null
}

/** What somebody ordered for queues and tasks. The caller holds the transaction. */
export class Controls {
  readonly #all: Statement
  readonly #pause: Statement
  readonly #resume: Statement
  readonly #resumeAll: Statement
  readonly #rate: Statement
  readonly #backOff: Statement
  readonly #heal: Statement

  constructor(db: Connection) {
    this.#all = db.prepare(
      'SELECT kind, name, paused_at AS pausedAt, rate, until FROM celeriac_controls ORDER BY kind, name',
    )
    this.#pause = db.prepare(`INSERT INTO celeriac_controls (kind, name, paused_at) VALUES (?, ?, ?)
      ON CONFLICT (kind, name) DO UPDATE SET paused_at = coalesce(paused_at, excluded.paused_at)`)
    this.#resume = db.prepare('UPDATE celeriac_controls SET paused_at = NULL WHERE kind = ? AND name = ?')
    this.#resumeAll = db.prepare('UPDATE celeriac_controls SET paused_at = NULL')
    this.#rate = db.prepare(`INSERT INTO celeriac_controls (kind, name, rate) VALUES (?, ?, ?)
      ON CONFLICT (kind, name) DO UPDATE SET rate = excluded.rate`)
    this.#backOff = db.prepare(`INSERT INTO celeriac_controls (kind, name, until, wait) VALUES (?, ?, ?, ?)
      ON CONFLICT (kind, name) DO UPDATE SET until = excluded.until, wait = excluded.wait
        WHERE coalesce(until, 0) < excluded.until`)
    this.#heal = db.prepare('UPDATE celeriac_controls SET until = ? + wait WHERE until > ? + wait')
  }

  all(): Order[] {
    return (this.#all.all() as (Omit<Order, 'rate'> & { rate: string | null })[]).map((row) => ({
      ...row,
      rate: row.rate === null ? null : rateOf(row.rate),
    }))
  }

  pause({ kind, name }: LineName, now: number): void {
    this.#pause.run(kind, name, now)
  }

  /** @param line null for every one */
  resume(line: LineName | null): void {
    if (line) this.#resume.run(line.kind, line.name)
    else this.#resumeAll.run()
  }

  /** @param rate null for the declared one */
  rate({ kind, name }: LineName, rate: Rate | 'none' | null): void {
    this.#rate.run(kind, name, rate && JSON.stringify(rate))
  }

  /** Nothing of a line starts for `wait` ms from now. */
  backOff({ kind, name }: LineName, now: number, wait: number): void {
    this.#backOff.run(kind, name, now + wait, wait)
  }

  /** The wall clock was set back: nobody waits for longer than was told. True when something changed. */
  heal(now: number): boolean {
    return this.#heal.run(now, now).changes > 0
  }
}

/** An order that cannot be read is none: the declared rate holds. */
function rateOf(text: string): Rate | 'none' | null {
  const value = readJson(text)
  if (value === 'none') return value
  if (!isObject(value) || !isNumber(value.limit) || !isNumber(value.per)) return null
  return value.limit >= 1 && value.per > 0 ? { limit: value.limit, per: value.per } : null
}
