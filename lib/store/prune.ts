import type { Retention } from '../wire/care.ts'
import type { Connection, Statement } from './driver.ts'
import { type FinalState, type Tally, tallyOf } from './tally.ts'

interface Candidate {
  seq: number
  enqueuedAt: number
  finishedAt: number | null
  state: string
}

/** A place in the walk over the oldest jobs, and what was found there. */
export interface PrunePage {
  /** Rows to delete, the oldest first. */
  jobs: { seq: number; enqueuedAt: number }[]
  /** Where the next page begins; 0 when everything younger is too young to go. */
  next: number
  /** When the first of those that stay may go, in epoch ms; null when none ever goes by its age. */
  soonest: number | null
}

/**
 * Finds and deletes what is past its retention. Jobs lie in order of arrival, so the walk over the oldest needs no index
 * of its own, which every settled job would have to pay for.
 */
export class Pruning {
  readonly #tally: Tally
  readonly #page: Statement
  readonly #counts: Statement
  readonly #job: Statement
  readonly #attempts: Statement
  readonly #logs: Statement
  readonly #mark: Statement
  readonly #marked: Statement

  constructor(db: Connection) {
    this.#tally = tallyOf(db)
    this.#page = db.prepare(`SELECT seq, enqueued_at AS enqueuedAt, finished_at AS finishedAt, state
      FROM celeriac_jobs WHERE seq > ? ORDER BY seq LIMIT ? + 0`)
    this.#counts = db.prepare('SELECT state, jobs FROM celeriac_counts')
    this.#job = db
      .prepare(`DELETE FROM celeriac_jobs WHERE seq = ? AND state IN ('SUCCESS', 'FAILURE', 'REVOKED', 'EXPIRED')
        RETURNING state`)
      .pluck()
    this.#attempts = db.prepare('DELETE FROM celeriac_attempts WHERE job = ?')
    this.#logs = db.prepare('DELETE FROM celeriac_logs WHERE id >= ? << 22 AND id < (? + 1) << 22')
    this.#mark = db.prepare(`INSERT INTO celeriac_meta (key, value) VALUES ('pruned_until', ?)
      ON CONFLICT (key) DO UPDATE SET value = max(value, excluded.value)`)
    this.#marked = db.prepare("SELECT value FROM celeriac_meta WHERE key = 'pruned_until'").pluck()
  }

  /** Reads one page; changes nothing. */
  look(retention: Retention, after: number, limit: number, now: number): PrunePage {
    const page: PrunePage = { jobs: [], next: 0, soonest: null }
    const ages = Object.values(retention).flatMap(({ age }) => age ?? [])
    const surplus = this.#surplus(retention)
    if (ages.length === 0 && surplus.size === 0) return page
    const shortest = Math.min(...ages)
    const rows = this.#page.all(after, limit) as Candidate[]
    for (const { seq, enqueuedAt, finishedAt, state } of rows) {
      if (enqueuedAt > now - shortest && surplus.size === 0) {
        page.soonest = earlier(page.soonest, enqueuedAt + shortest)
        return page
      }
      const keep = retention[state as keyof Retention]
      if (!keep || finishedAt === null) continue
      const left = surplus.get(state) ?? 0
      if (left === 0 && (keep.age === null || finishedAt > now - keep.age)) {
        if (keep.age !== null) page.soonest = earlier(page.soonest, finishedAt + keep.age)
        continue
      }
      page.jobs.push({ seq, enqueuedAt })
      if (left > 1) surplus.set(state, left - 1)
      else surplus.delete(state)
    }
    if (rows.length === limit) page.next = rows[rows.length - 1]?.seq ?? 0
    return page
  }

  /**
   * Inside a transaction. False when it broke off, because `goOn` said so: a job may have thousands of log lines.
   */
  remove({ jobs }: PrunePage, goOn: () => boolean): boolean {
    let until = 0
    let done = 0
    for (const { seq, enqueuedAt } of jobs) {
      if (done > 0 && !goOn()) break
      done++
      const state = this.#job.get(seq) as FinalState | undefined
      if (state === undefined) continue
      this.#tally.left(state)
      this.#attempts.run(seq)
      this.#logs.run(seq, seq)
      until = Math.max(until, enqueuedAt)
    }
    this.#mark.run(until)
    return done === jobs.length
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
