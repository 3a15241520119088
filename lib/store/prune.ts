import type { Retention } from '../wire/care.ts'
import type { Connection, Statement } from './driver.ts'
import { type FinalState, type Tally, tallyOf } from './tally.ts'

type Candidate = [seq: number, enqueuedAt: number, finishedAt: number | null, state: string]

interface PrunedJob {
  seq: number
  enqueuedAt: number
  state: FinalState
}

/** A place in the walk over the oldest jobs, and what was found there. */
export interface PrunePage {
  /** Jobs to delete, the oldest first. Between those of one run lies none that stays. */
  runs: PrunedJob[][]
  /** When the last of them had ended, in epoch ms. */
  endedBy: number
  /** Where the next page begins; 0 when everything younger is too young to go. */
  next: number
  /** When the first of those that stay may go, in epoch ms; null when none ever goes by its age. */
  soonest: number | null
}

export interface Pruned {
  /** How many jobs were deleted. */
  removed: number
  /** The job after which time was up; null when all of the page was done. */
  brokeOff: number | null
}

/**
 * Finds and deletes what is past its retention. Jobs lie in order of arrival, so the walk over the oldest needs no index
 * of its own, which every settled job would have to pay for.
 */
export class Pruning {
  readonly #tally: Tally
  readonly #page: Statement
  readonly #counts: Statement
  readonly #jobs: Statement
  readonly #attempts: Statement
  readonly #logs: Statement
  readonly #mark: Statement
  readonly #marked: Statement

  constructor(db: Connection) {
    this.#tally = tallyOf(db)
    this.#page = db
      .prepare('SELECT seq, enqueued_at, finished_at, state FROM celeriac_jobs WHERE seq > ? ORDER BY seq LIMIT ? + 0')
      .raw()
    this.#counts = db.prepare('SELECT state, jobs FROM celeriac_counts')
    // What was brought back since it was looked at, and may even have ended again, stays, with all that belongs to it.
    this.#jobs = db.prepare('DELETE FROM celeriac_jobs WHERE seq BETWEEN ? AND ? AND state = ? AND finished_at <= ?')
    this.#attempts = db.prepare(`DELETE FROM celeriac_attempts WHERE job BETWEEN ? AND ?
      AND NOT EXISTS (SELECT 1 FROM celeriac_jobs WHERE seq = celeriac_attempts.job)`)
    this.#logs = db.prepare(`DELETE FROM celeriac_logs WHERE id >= ? << 22 AND id < (? + 1) << 22
      AND NOT EXISTS (SELECT 1 FROM celeriac_jobs WHERE seq = celeriac_logs.id >> 22)`)
    this.#mark = db.prepare(`INSERT INTO celeriac_meta (key, value) VALUES ('pruned_until', ?)
      ON CONFLICT (key) DO UPDATE SET value = max(value, excluded.value)`)
    this.#marked = db.prepare("SELECT value FROM celeriac_meta WHERE key = 'pruned_until'").pluck()
  }

  /** Reads one page; changes nothing. */
  look(retention: Retention, after: number, limit: number, now: number): PrunePage {
    const page: PrunePage = { runs: [], endedBy: 0, next: 0, soonest: null }
    const ages = Object.values(retention).flatMap(({ age }) => age ?? [])
    const surplus = this.#surplus(retention)
    if (ages.length === 0 && surplus.size === 0) return page
    const shortest = Math.min(...ages)
    const rows = this.#page.all(after, limit) as Candidate[]
    let run: PrunedJob[] | null = null
    for (const [seq, enqueuedAt, finishedAt, state] of rows) {
      if (enqueuedAt > now - shortest && surplus.size === 0) {
        page.soonest = earlier(page.soonest, enqueuedAt + shortest)
        return page
      }
      const keep = retention[state as keyof Retention]
      const left = surplus.get(state) ?? 0
      const ended = keep !== undefined && finishedAt !== null
      if (!ended || (left === 0 && (keep.age === null || finishedAt > now - keep.age))) {
        if (ended && keep.age !== null) page.soonest = earlier(page.soonest, finishedAt + keep.age)
        run = null
        continue
      }
      if (run === null) {
        run = []
        page.runs.push(run)
      }
      run.push({ seq, enqueuedAt, state: state as FinalState })
      page.endedBy = Math.max(page.endedBy, finishedAt)
      if (left > 1) surplus.set(state, left - 1)
      else surplus.delete(state)
    }
    if (rows.length === limit) page.next = rows[rows.length - 1]?.[0] ?? 0
    return page
  }

  /**
   * Inside a transaction. `more` says how many jobs the next statement may delete, 0 when it is time to break off after the
   * first: a job may have thousands of log lines.
   */
  remove({ runs, endedBy }: PrunePage, more: () => number): Pruned {
    let until = 0
    let removed = 0
    let last = 0
    for (const run of runs) {
      for (let from = 0; from < run.length; ) {
        const most = more()
        if (most === 0) {
          this.#mark.run(until)
          return { removed, brokeOff: last }
        }
        const jobs = run.slice(from, from + most)
        from += jobs.length
        removed += this.#removeRun(jobs, endedBy)
        for (const { seq, enqueuedAt } of jobs) {
          until = Math.max(until, enqueuedAt)
          last = seq
        }
      }
    }
    this.#mark.run(until)
    return { removed, brokeOff: null }
  }

  /** A statement for each state, so that its count of changes is the counter's. */
  #removeRun(jobs: PrunedJob[], endedBy: number): number {
    const first = (jobs[0] as PrunedJob).seq
    const last = (jobs[jobs.length - 1] as PrunedJob).seq
    let removed = 0
    for (const state of new Set(jobs.map((job) => job.state))) {
      const { changes } = this.#jobs.run(first, last, state, endedBy)
      for (let i = 0; i < changes; i++) this.#tally.left(state)
      removed += changes
    }
    this.#attempts.run(first, last)
    this.#logs.run(first, last)
    return removed
  }

  /** Jobs that were enqueued by this time may have been pruned; 0 when none was. */
  until(): number {
    return Number(this.#marked.get() ?? 0)
  }

  /** Ended jobs above the number that is kept, by state. */
  #surplus(retention: Retention): Map<string, number> {
    const surplus = new Map<string, number>()
    if (Object.values(retention).every(({ count }) => count === null)) return surplus
    for (const { state, jobs } of this.#counts.all() as { state: keyof Retention; jobs: number }[]) {
      const { count } = retention[state]
      if (count !== null && jobs > count) surplus.set(state, jobs - count)
    }
    return surplus
  }
}

function earlier(a: number | null, b: number): number {
  return a === null ? b : Math.min(a, b)
}
