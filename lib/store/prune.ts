import type { Connection, Statement } from './driver.ts'
import { type FinalState, type Tally, tallyOf } from './tally.ts'

/** How long finished jobs are kept, in ms after they ended, by state; null for ever. */
export type Retention = Readonly<Record<'SUCCESS' | 'FAILURE' | 'REVOKED' | 'EXPIRED', number | null>>

interface Candidate {
  seq: number
  enqueuedAt: number
  finishedAt: number | null
  state: string
}

/** A place in the walk over the oldest jobs, and what was found there. */
export interface PrunePage {
  /** Rows to delete. */
  seqs: number[]
  /** Latest `enqueued_at` among them. */
  until: number
  /** Where the next page begins; 0 when everything younger is too young to go. */
  next: number
}

/**
 * Finds and deletes what is past its retention. Jobs lie in order of arrival, so the walk over the oldest needs no index
 * of its own, which every settled job would have to pay for.
 */
export class Pruning {
  readonly #tally: Tally
  readonly #page: Statement
  readonly #job: Statement
  readonly #attempts: Statement
  readonly #logs: Statement
  readonly #mark: Statement
  readonly #marked: Statement

  constructor(db: Connection) {
    this.#tally = tallyOf(db)
    this.#page = db.prepare(`SELECT seq, enqueued_at AS enqueuedAt, finished_at AS finishedAt, state
      FROM celeriac_jobs WHERE seq > ? ORDER BY seq LIMIT ? + 0`)
    this.#job = db
      .prepare(`DELETE FROM celeriac_jobs WHERE seq = ? AND state IN ('SUCCESS', 'FAILURE', 'REVOKED', 'EXPIRED')
        RETURNING state`)
      .pluck()
    this.#attempts = db.prepare('DELETE FROM celeriac_attempts WHERE job = ?')
    this.#logs = db.prepare('DELETE FROM celeriac_logs WHERE job = ?')
    this.#mark = db.prepare(`INSERT INTO celeriac_meta (key, value) VALUES ('pruned_until', ?)
      ON CONFLICT (key) DO UPDATE SET value = max(value, excluded.value)`)
    this.#marked = db.prepare("SELECT value FROM celeriac_meta WHERE key = 'pruned_until'").pluck()
  }

  /** Reads one page; changes nothing. */
  look(retention: Retention, after: number, limit: number, now: number): PrunePage {
    const kept = Object.values(retention).filter((time) => time !== null)
    const shortest = Math.min(...kept)
    const page: PrunePage = { seqs: [], until: 0, next: 0 }
    if (kept.length === 0) return page
    const rows = this.#page.all(after, limit) as Candidate[]
    for (const { seq, enqueuedAt, finishedAt, state } of rows) {
      if (enqueuedAt > now - shortest) return page
      const time = retention[state as keyof Retention] ?? null
      if (time === null || finishedAt === null || finishedAt > now - time) continue
      page.seqs.push(seq)
      page.until = Math.max(page.until, enqueuedAt)
    }
    if (rows.length === limit) page.next = rows[rows.length - 1]?.seq ?? 0
    return page
  }

  /** Inside a transaction. */
  remove({ seqs, until }: PrunePage): void {
    for (const seq of seqs) {
      const state = this.#job.get(seq) as FinalState | undefined
      if (state === undefined) continue
      this.#tally.left(state)
      this.#attempts.run(seq)
      this.#logs.run(seq)
    }
    this.#mark.run(until)
  }

  /** Jobs that were enqueued by this time may have been pruned; 0 when none was. */
  until(): number {
    return Number(this.#marked.get() ?? 0)
  }
}
