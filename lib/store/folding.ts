import type { Connection, Statement } from './driver.ts'
import { COUNTED } from './tally.ts'

/** What is folded at once: with a thousand tasks, some 5 ms of the writer. */
const SPAN = 60_000
/** How long it must be over, in ms: what is counted late is in it by then. */
const SETTLED = 60_000
const DAY = 86_400_000
/** Statistics by the minute are kept for this long after they were folded, in ms. */
const KEPT = 2 * DAY

const SUMS = COUNTED.map((name) => `sum(${name})`).join(', ')
const ADDED = COUNTED.map((name) => `${name} = ${name} + excluded.${name}`).join(', ')
const SPAN_OF_MINUTES = 'FROM celeriac_stats_minute WHERE minute >= @from AND minute < @to'

/**
 * Adds statistics by the minute, one minute at a time, to those by the day and to the totals, which outlive the jobs. From
 * then on nothing is counted in that span any more (see `Tally`), so each minute is added once. The caller holds the
 * transaction.
 */
export class Folding {
  readonly #mark: Statement
  readonly #oldest: Statement
  readonly #addDays: Statement
  readonly #addTotals: Statement
  readonly #setMark: Statement
  readonly #drop: Statement

  constructor(db: Connection) {
    this.#mark = db.prepare("SELECT value FROM celeriac_meta WHERE key = 'folded_until'").pluck()
    this.#oldest = db
      .prepare('SELECT minute FROM celeriac_stats_minute WHERE minute >= ? ORDER BY minute LIMIT 1')
      .pluck()
    this.#addDays = db.prepare(`INSERT INTO celeriac_stats_daily (day, task, queue, ${COUNTED.join(', ')})
      SELECT minute - minute % ${DAY} AS day, task, queue, ${SUMS} ${SPAN_OF_MINUTES} GROUP BY day, task, queue
      ON CONFLICT (day, task, queue) DO UPDATE SET ${ADDED}`)
    this.#addTotals = db.prepare(`INSERT INTO celeriac_stats_total (task, queue, ${COUNTED.join(', ')})
      SELECT task, queue, ${SUMS} ${SPAN_OF_MINUTES} GROUP BY task, queue
      ON CONFLICT (task, queue) DO UPDATE SET ${ADDED}`)
    this.#setMark = db.prepare(`INSERT INTO celeriac_meta (key, value) VALUES ('folded_until', ?)
      ON CONFLICT (key) DO UPDATE SET value = excluded.value`)
    this.#drop = db.prepare('DELETE FROM celeriac_stats_minute WHERE minute < ?')
  }

  /** Whether there is a minute to fold or to drop. */
  due(now: number): boolean {
    return this.#foldable(now) !== null || this.#droppable(now) !== null
  }

  /** Folds one minute, and drops one; false when there was neither. */
  fold(now: number): boolean {
    const foldable = this.#foldable(now)
    if (foldable !== null) {
      const span = { from: foldable, to: endOf(foldable) }
      this.#addDays.run(span)
      this.#addTotals.run(span)
      this.#setMark.run(span.to)
    }
    const droppable = this.#droppable(now)
    if (droppable !== null) this.#drop.run(endOf(droppable))
    return foldable !== null || droppable !== null
  }

  #foldable(now: number): number | null {
    const oldest = this.#oldestFrom(this.#folded())
    return oldest !== null && endOf(oldest) <= now - SETTLED ? oldest : null
  }

  #droppable(now: number): number | null {
    const oldest = this.#oldestFrom(0)
    return oldest !== null && endOf(oldest) <= Math.min(this.#folded(), now - KEPT) ? oldest : null
  }

  #folded(): number {
    return (this.#mark.get() as number | undefined) ?? 0
  }

  #oldestFrom(minute: number): number | null {
    return (this.#oldest.get(minute) as number | undefined) ?? null
  }
}

function endOf(minute: number): number {
  return minute - (minute % SPAN) + SPAN
}
