import type { Connection, Statement } from './driver.ts'
import { COUNTED } from './tally.ts'

const HOUR = 3_600_000
const DAY = 86_400_000
/** Statistics by the minute are kept for this long, in ms. */
const KEPT = 2 * DAY

/** Folds statistics by the minute that are old into days, which outlive the jobs. The caller holds the transaction. */
export class Folding {
  readonly #oldest: Statement
  readonly #add: Statement
  readonly #drop: Statement

  constructor(db: Connection) {
    this.#oldest = db.prepare('SELECT minute FROM celeriac_stats_minute ORDER BY minute LIMIT 1').pluck()
    this.#add = db.prepare(`INSERT INTO celeriac_stats_daily (day, task, queue, ${COUNTED.join(', ')})
      SELECT minute - minute % ${DAY} AS day, task, queue, ${COUNTED.map((name) => `sum(${name})`).join(', ')}
      FROM celeriac_stats_minute WHERE minute < ? GROUP BY day, task, queue
      ON CONFLICT (day, task, queue) DO UPDATE SET ${COUNTED.map((name) => `${name} = ${name} + excluded.${name}`).join(', ')}`)
    this.#drop = db.prepare('DELETE FROM celeriac_stats_minute WHERE minute < ?')
  }

  /** Whether an hour of minutes is old enough. */
  due(now: number): boolean {
    const oldest = this.#oldest.get() as number | undefined
    return oldest !== undefined && oldest < now - KEPT - HOUR
  }

  /** Folds the oldest hour; true when something was folded. */
  fold(now: number): boolean {
    const oldest = this.#oldest.get() as number | undefined
    if (oldest === undefined || oldest >= now - KEPT - HOUR) return false
    const end = oldest - (oldest % HOUR) + HOUR
    this.#add.run(end)
    this.#drop.run(end)
    return true
  }
}
