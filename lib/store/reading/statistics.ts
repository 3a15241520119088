import { BUCKETS, quantiles } from '../../domain/histogram.ts'
import type { Quantiles, Recent, Throughput, ThroughputQuestion, Totals } from '../../wire/reading.ts'
import type { Connection, Statement } from '../driver.ts'
import { COUNTED } from '../tally.ts'
import { RecentMinutes } from './recent-minutes.ts'

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
  readonly #folded: Statement
  readonly #unfolded: Statement
  readonly #recent: RecentMinutes
  readonly #mark: Statement
  readonly #closed = new Map<string, Closed>()
  #kept: { until: number; totals: readonly Totals[] } | null = null

  constructor(db: Connection) {
    this.#spans = db.prepare(`SELECT minute - minute % @span AS at, ${SUMS} FROM celeriac_stats_minute
      WHERE minute >= @from AND minute < @to AND (@task IS NULL OR task = @task) AND (@queue IS NULL OR queue = @queue)
      GROUP BY at`)
    this.#recent = new RecentMinutes(db)
    this.#mark = db.prepare("SELECT value FROM celeriac_meta WHERE key = 'folded_until'").pluck()
    this.#folded = db.prepare(`SELECT task, queue, ${COUNTED.join(', ')} FROM celeriac_stats_total`).raw()
    this.#unfolded = db
      .prepare(`SELECT task, queue, ${SUMS} FROM celeriac_stats_minute WHERE minute >= ? GROUP BY task, queue`)
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
    const closed = this.#foldedUntil()
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
    const all: Sums = {}
    const tasks: Recent['tasks'] = []
    for (const [task, counted] of this.#recent.read(minutes, now, this.#foldedUntil())) {
      const sums = Object.fromEntries(COUNTED.map((name, i) => [name, counted[i] ?? 0]))
      for (const name of COUNTED) all[name] = (all[name] ?? 0) + (sums[name] ?? 0)
      tasks.push({ ...spanOf(from, sums), task })
    }
    tasks.sort((a, b) => b.success + b.failure - a.success - a.failure || compare(a.task, b.task))
    return { all: spanOf(from, all), tasks }
  }

  /** Since the file was made. */
  totals(): Totals[] {
    const { until, totals } = this.#foldedTotals()
    const sums = new Map(totals.map((one) => [keyOf(one), one]))
    for (const row of this.#unfolded.all(until) as TotalsRow[]) {
      const more = totalsOf(row)
      const before = sums.get(keyOf(more))
      sums.set(keyOf(more), before ? sumOf(before, more) : more)
    }
    const all = [...sums.values()].map((one) => ({ ...one, run: [...one.run], wait: [...one.wait] }))
    return all.sort((a, b) => compare(a.task, b.task) || compare(a.queue, b.queue))
  }

  /** What is folded into the totals changes once a minute at most: a scrape reads the rest. */
  #foldedTotals(): { until: number; totals: readonly Totals[] } {
    while (true) {
      const until = this.#foldedUntil()
      if (this.#kept?.until === until) return this.#kept
      const totals = (this.#folded.all() as TotalsRow[]).map(totalsOf)
      this.#kept = { until, totals }
      // More may have been folded between the two readings.
      if (this.#foldedUntil() === until) return this.#kept
    }
  }

  #foldedUntil(): number {
    return (this.#mark.get() as number | undefined) ?? 0
  }
}

/** By position, since names cost each row more than its numbers. */
function totalsOf([task, queue, ...counted]: TotalsRow): Totals {
  const [success = 0, failure = 0, revoked = 0, expired = 0, retries = 0, crashes = 0, runMs = 0, waitMs = 0] = counted
  const [run, wait] = [counted.slice(PLAIN, PLAIN + BUCKETS), counted.slice(PLAIN + BUCKETS)]
  return { task, queue, success, failure, revoked, expired, retries, crashes, runMs, waitMs, run, wait }
}

function sumOf(one: Totals, other: Totals): Totals {
  return {
    task: one.task,
    queue: one.queue,
    success: one.success + other.success,
    failure: one.failure + other.failure,
    revoked: one.revoked + other.revoked,
    expired: one.expired + other.expired,
    retries: one.retries + other.retries,
    crashes: one.crashes + other.crashes,
    runMs: one.runMs + other.runMs,
    waitMs: one.waitMs + other.waitMs,
    run: one.run.map((count, i) => count + (other.run[i] ?? 0)),
    wait: one.wait.map((count, i) => count + (other.wait[i] ?? 0)),
  }
}

const keyOf = ({ task, queue }: Totals): string => `${task}\n${queue}`
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

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
  const [p50, p95, p99] = quantiles(buckets, [0.5, 0.95, 0.99], sum) as [number, number, number]
  return { count, mean: sum / count, p50, p95, p99 }
}
