import { BUCKETS, quantile } from '../../domain/histogram.ts'
import type { Quantiles, Recent, Throughput, ThroughputQuestion, Totals } from '../../wire/reading.ts'
import type { Connection, Statement } from '../driver.ts'
import { COUNTED } from '../tally.ts'

const MINUTE = 60_000
const SUMS = COUNTED.map((name) => `sum(${name}) AS ${name}`).join(', ')
/** Counters before the buckets: outcomes, retries, crashes and the two sums. */
const PLAIN = 8

type Sums = Record<string, number>
/** Numbers in the order of `COUNTED`. */
type TotalsRow = [task: string, queue: string, ...counted: number[]]

/** Questions whose closed spans are remembered. */
const REMEMBERED = 16

/** Spans of one question that nothing is counted in any more, all between two times; those where nothing ended are left out. */
interface Closed {
  from: number
  until: number
  spans: Map<number, Throughput>
}

/** What was counted of jobs that ended, by the minute and by the day. */
export class Statistics {
  readonly #spans: Statement
  readonly #totals: Statement
  readonly #byTask: Statement
  readonly #folded: Statement
  readonly #closed = new Map<string, Closed>()

  constructor(db: Connection) {
    this.#spans = db.prepare(`SELECT minute - minute % @span AS at, ${SUMS} FROM celeriac_stats_minute
      WHERE minute >= @from AND minute < @to AND (@task IS NULL OR task = @task) AND (@queue IS NULL OR queue = @queue)
      GROUP BY at`)
    this.#byTask = db.prepare(`SELECT task, ${SUMS} FROM celeriac_stats_minute WHERE minute > ? GROUP BY task`)
    this.#folded = db.prepare("SELECT value FROM celeriac_meta WHERE key = 'folded_until'").pluck()
    this.#totals = db
      .prepare(`SELECT task, queue, ${SUMS} FROM (
        SELECT task, queue, ${COUNTED.join(', ')} FROM celeriac_stats_total
        UNION ALL SELECT task, queue, ${COUNTED.join(', ')} FROM celeriac_stats_minute
        WHERE minute >= coalesce((SELECT value FROM celeriac_meta WHERE key = 'folded_until'), 0))
      GROUP BY task, queue`)
      .raw()
  }

  /** Spans of equal length up to now, the earliest first, those where nothing ended included. */
  throughput({ minutes = 60, step = 1, task, queue }: ThroughputQuestion, now: number): Throughput[] {
    const span = step * MINUTE
    const to = now - (now % span) + span
    const from = to - Math.ceil(minutes / step) * span
    const key = JSON.stringify([span, task, queue])
    const kept = this.#closed.get(key)
    const known = kept && kept.from <= from && kept.until > from ? kept : { from, until: from, spans: new Map() }
    // Read before the rows: nothing is counted below it from then on.
    const closed = (this.#folded.get() as number | undefined) ?? 0
    const rows = this.#spans.all({ span, from: known.until, to, task: task ?? null, queue: queue ?? null }) as Sums[]
    const read = new Map(rows.map((row) => [row.at as number, row]))
    const spans: Throughput[] = []
    for (let at = from; at < to; at += span) spans.push(known.spans.get(at) ?? spanOf(at, read.get(at)))
    this.#remember(key, spans, Math.min(closed - (closed % span), to))
    return spans
  }

  /** @param until what lies before it is closed */
  #remember(key: string, spans: readonly Throughput[], until: number): void {
    this.#closed.delete(key)
    const from = spans[0]?.at ?? 0
    if (until <= from) return
    if (this.#closed.size === REMEMBERED) this.#closed.delete(this.#closed.keys().next().value as string)
    const full = spans.filter((span) => span.at < until && !isEmpty(span))
    this.#closed.set(key, { from, until, spans: new Map(full.map((span) => [span.at, span])) })
  }

  /** Of the last `minutes`, the one that goes on included. */
  recent(minutes: number, now: number): Recent {
    const from = now - minutes * MINUTE
    const rows = this.#byTask.all(from) as (Sums & { task: string })[]
    const all: Sums = {}
    for (const name of COUNTED) all[name] = rows.reduce((sum, row) => sum + (row[name] ?? 0), 0)
    const tasks = rows.map((row) => ({ ...spanOf(from, row), task: row.task }))
    tasks.sort((a, b) => b.success + b.failure - a.success - a.failure)
    return { all: spanOf(from, all), tasks }
  }

  /** Since the file was made. */
  totals(): Totals[] {
    // A scrape asks for all of them: by position, since names cost each row more than its numbers.
    return (this.#totals.all() as TotalsRow[]).map(([task, queue, ...counted]) => {
      const [success = 0, failure = 0, revoked = 0, expired = 0, retries = 0, crashes = 0, runMs = 0, waitMs = 0] =
        counted
      const [run, wait] = [counted.slice(PLAIN, PLAIN + BUCKETS), counted.slice(PLAIN + BUCKETS)]
      return { task, queue, success, failure, revoked, expired, retries, crashes, runMs, waitMs, run, wait }
    })
  }
}

function isEmpty({ success, failure, revoked, expired, retries, crashes, run, wait }: Throughput): boolean {
  return success + failure + revoked + expired + retries + crashes === 0 && !run && !wait
}

function spanOf(at: number, row: Sums = {}): Throughput {
  const { run, wait } = bucketsOf(row)
  return { at, ...outcomesOf(row), run: quantilesOf(run, row.run_ms ?? 0), wait: quantilesOf(wait, row.wait_ms ?? 0) }
}

function outcomesOf(
  row: Sums,
): Pick<Throughput, 'success' | 'failure' | 'revoked' | 'expired' | 'retries' | 'crashes'> {
  const { success = 0, failure = 0, revoked = 0, expired = 0, retries = 0, crashes = 0 } = row
  return { success, failure, revoked, expired, retries, crashes }
}

function bucketsOf(row: Sums): { run: number[]; wait: number[] } {
  const buckets = COUNTED.slice(PLAIN).map((name) => row[name] ?? 0)
  return { run: buckets.slice(0, buckets.length / 2), wait: buckets.slice(buckets.length / 2) }
}

function quantilesOf(buckets: number[], sum: number): Quantiles | null {
  const count = buckets.reduce((total, one) => total + one, 0)
  if (count === 0) return null
  const at = (share: number): number => quantile(buckets, share, sum) as number
  return { count, mean: sum / count, p50: at(0.5), p95: at(0.95), p99: at(0.99) }
}
