import { BUCKETS, bucketOf } from '../domain/histogram.ts'
import type { State } from '../domain/states.ts'
import { type Connection, perConnection, type Statement } from './driver.ts'

export type FinalState = Extract<State, 'SUCCESS' | 'FAILURE' | 'REVOKED' | 'EXPIRED'>

/** Columns of the statistics after their key, in the order of a line's numbers. */
export const COUNTED: readonly string[] = [
  ...['success', 'failure', 'revoked', 'expired', 'retries', 'crashes', 'run_ms', 'wait_ms'],
  ...Array.from({ length: BUCKETS }, (_, i) => `r${i}`),
  ...Array.from({ length: BUCKETS }, (_, i) => `w${i}`),
]
const STATES: readonly FinalState[] = ['SUCCESS', 'FAILURE', 'REVOKED', 'EXPIRED']
const SUCCESS = 0
const RETRIES = 4
const CRASHES = 5
const RUN_MS = 6
const WAIT_MS = 7
const RUNS = 8
const WAITS = RUNS + BUCKETS
const MINUTE = 60_000

/** Whose numbers are counted. */
export interface Counted {
  task: string
  queue: string
}

/** How long an attempt ran, and how long the job had waited for it since it was due, in ms; null where unknown. */
export interface Spent {
  ran: number | null
  waited: number | null
}

/** The one tally of a connection. */
export const tallyOf = perConnection((db) => new Tally(db))

interface Line {
  minute: number
  task: string
  queue: string
  counted: number[]
}

/**
 * Counts what ends, in memory, and adds it to the file once a transaction: one row for each minute, task and queue that
 * was touched, and one for each state. Whoever ends jobs, brings them back or deletes them says so here, in the very
 * transaction, so that the counters agree with the rows after any crash.
 */
export class Tally {
  readonly #addLine: Statement
  readonly #folded: Statement
  readonly #addCount: Statement
  readonly #counts = [0, 0, 0, 0]
  #lines: Line[] = []
  /** Numbers of an earlier line, to be used again: most transactions touch one line. */
  #spare: number[] | null = null

  constructor(db: Connection) {
    this.#addLine = db.prepare(`INSERT INTO celeriac_stats_minute (minute, task, queue, ${COUNTED.join(', ')})
      VALUES (?, ?, ?, ${COUNTED.map(() => '?').join(', ')})
      ON CONFLICT (minute, task, queue) DO UPDATE SET ${COUNTED.map((name) => `${name} = ${name} + excluded.${name}`).join(', ')}`)
    this.#folded = db.prepare("SELECT value FROM celeriac_meta WHERE key = 'folded_until'").pluck()
    this.#addCount = db.prepare(
      'INSERT INTO celeriac_counts (state, jobs) VALUES (?, ?) ON CONFLICT (state) DO UPDATE SET jobs = jobs + excluded.jobs',
    )
  }

  /** A job came to its end. */
  ended({ task, queue }: Counted, state: FinalState, now: number, spent?: Spent): void {
    const index = STATES.indexOf(state)
    ;(this.#counts[index] as number)++
    const { counted } = this.#line(task, queue, now)
    ;(counted[index] as number)++
    if (spent) measure(counted, spent.ran, spent.waited)
  }

  /** The same of a success, which most jobs come to: nothing is made for it. */
  succeeded({ task, queue }: Counted, now: number, ran: number | null, waited: number | null): void {
    ;(this.#counts[SUCCESS] as number)++
    const { counted } = this.#line(task, queue, now)
    ;(counted[SUCCESS] as number)++
    measure(counted, ran, waited)
  }

  /** An attempt failed that is to be followed by another. */
  retried({ task, queue }: Counted, now: number, spent: Spent): void {
    const { counted } = this.#line(task, queue, now)
    ;(counted[RETRIES] as number)++
    measure(counted, spent.ran, spent.waited)
  }

  /** A thread or process died under a job. */
  crashed({ task, queue }: Counted, now: number): void {
    ;(this.#line(task, queue, now).counted[CRASHES] as number)++
  }

  /** An ended job was deleted, or is to run again. */
  left(state: FinalState): void {
    ;(this.#counts[STATES.indexOf(state)] as number)--
  }

  /** Inside the transaction, before its commit. */
  flush(): void {
    if (this.#lines.length > 0) this.#addLines()
    for (let i = 0; i < STATES.length; i++) {
      const jobs = this.#counts[i] as number
      if (jobs !== 0) this.#addCount.run(STATES[i], jobs)
    }
    this.clear()
  }

  /** A clock that was set back counts in the first minute that is not folded yet: no minute is added twice, none is lost. */
  #addLines(): void {
    const folded = (this.#folded.get() as number | undefined) ?? 0
    for (const { minute, task, queue, counted } of this.#lines)
      this.#addLine.run(Math.max(minute, folded), task, queue, counted)
  }

  /** The transaction was undone. */
  clear(): void {
    if (this.#lines.length > 0) {
      this.#spare = this.#lines[0]?.counted ?? null
      this.#lines = []
    }
    this.#counts.fill(0)
  }

  #line(task: string, queue: string, now: number): Line {
    const minute = now - (now % MINUTE)
    for (const line of this.#lines)
      if (line.task === task && line.queue === queue && line.minute === minute) return line
    const counted = (this.#spare ?? new Array<number>(COUNTED.length)).fill(0)
    this.#spare = null
    const line = { minute, task, queue, counted }
    this.#lines.push(line)
    return line
  }
}

function measure(counted: number[], ran: number | null, waited: number | null): void {
  if (ran !== null) {
    counted[RUN_MS] = (counted[RUN_MS] as number) + Math.round(ran)
    ;(counted[RUNS + bucketOf(ran)] as number)++
  }
  if (waited !== null) {
    const late = Math.max(0, waited)
    counted[WAIT_MS] = (counted[WAIT_MS] as number) + Math.round(late)
    ;(counted[WAITS + bucketOf(late)] as number)++
  }
}
