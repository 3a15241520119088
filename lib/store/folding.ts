import type { Connection, Statement } from './driver.ts'
import { COUNTED } from './tally.ts'

/** Minutes that are folded together, and how long they must be over, in ms: some 5 ms of the writer. */
const SPAN = 600_000
const DAY = 86_400_000
/** Statistics by the minute are kept for this long after they were folded, in ms. */
const KEPT = 2 * DAY

const SUMS = COUNTED.map((name) => `sum(${name})`).join(', ')
const ADDED = COUNTED.map((name) => `${name} = ${name} + excluded.${name}`).join(', ')
const SPAN_OF_MINUTES = 'FROM celeriac_stats_minute WHERE minute >= @from AND minute < @to'

/**
 * Adds statistics by the minute, ten minutes at a time, to those by the day and to the totals, which outlive the jobs. From
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

  /** Whether a span is over, and another: what was counted late is in it by then. */
  due(now: number): boolean {
    const oldest = this.#unfolded()
    return oldest !== null && endOf(oldest) <= now - SPAN
  }

  /** Folds one span; false when none is over. */
  fold(now: number): boolean {
    const oldest = this.#unfolded()
    if (oldest === null || endOf(oldest) > now - SPAN) return false
    const span = { from: oldest, to: endOf(oldest) }
    this.#addDays.run(span)
    this.#addTotals.run(span)
    this.#setMark.run(span.to)
    this.#drop.run(Math.min(span.to, now - KEPT))
    return true
  }

  #unfolded(): number | null {
    return (this.#oldest.get((this.#mark.get() as number | undefined) ?? 0) as number | undefined) ?? null
  }
}

function endOf(minute: number): number {
  return minute - (minute % SPAN) + SPAN
}
