import { rankOf } from '../../domain/rank.ts'
import type { State } from '../../domain/states.ts'
import { debouncedUntil, type UniqueRule } from '../../domain/unique.ts'
import type { EnqueueBatch } from '../../wire/messages.ts'
import type { Connection, Statement } from '../driver.ts'
import { stateOf, UNFINISHED } from './state-terms.ts'

/** The job that a key belongs to now. */
export interface Holder {
  /** Null when only its window counts. */
  seq: number | null
  id: string
  state: State | null
  enqueuedAt: number
  runAt: number | null
}

/** Dropped with each window that is written, so that there are never many more than are open. */
const SWEEP = 2

/** Who holds which key. The caller holds the transaction. */
export class UniqueKeys {
  readonly #holder: Statement
  readonly #window: Statement
  readonly #open: Statement
  readonly #sweep: Statement
  readonly #give: Statement
  readonly #move: Statement
  readonly #rekey: Statement

  constructor(db: Connection) {
    this.#holder =
      db.prepare(`SELECT seq, id, ${stateOf()} AS state, enqueued_at AS enqueuedAt, run_at AS runAt FROM celeriac_jobs WHERE unique_key = ? AND task = ?
        AND ${UNFINISHED} AND (started_at IS NULL OR unique_until = 'finished')`)
    // What was never run does not count: it is as if it had not been called.
    this.#window =
      db.prepare(`SELECT NULL AS seq, w.job AS id, ${stateOf('j.')} AS state, w.enqueued_at AS enqueuedAt, NULL AS runAt
        FROM celeriac_unique_windows w LEFT JOIN celeriac_jobs j ON j.id = w.job
        WHERE w.task = ? AND w.key = ? AND w.enqueued_at > ? AND (j.state IS NULL OR j.state NOT IN ('REVOKED', 'EXPIRED'))`)
    this.#open =
      db.prepare(`INSERT INTO celeriac_unique_windows (task, key, job, enqueued_at, until) VALUES (?, ?, ?, ?, ?)
        ON CONFLICT (task, key) DO UPDATE SET job = excluded.job, enqueued_at = excluded.enqueued_at, until = excluded.until`)
    this.#sweep = db.prepare(`DELETE FROM celeriac_unique_windows WHERE (task, key) IN
        (SELECT task, key FROM celeriac_unique_windows WHERE until <= ? ORDER BY until LIMIT ${SWEEP})`)
    this.#give = db.prepare('UPDATE celeriac_jobs SET unique_key = NULL WHERE seq = ?')
    this.#move =
      db.prepare(`UPDATE celeriac_jobs SET args = @args, codec = @codec, options = @options, queue = @queue, priority = @priority,
        rank = @rank, run_at = @runAt, expires_at = @expiresAt, max_attempts = @maxAttempts WHERE seq = @seq`)
    this.#rekey = db.prepare(
      "UPDATE celeriac_jobs SET concurrency_key = ?, concurrency_limit = ?, rate_key = ? WHERE seq = ? AND state = 'SCHEDULED'",
    )
  }

  /** The job that keeps another one of this key from being stored. */
  holder(task: string, key: string, { within }: UniqueRule, now: number): Holder | null {
    const live = this.#holder.get(key, task) as Holder | undefined
    if (live) return live
    if (within === null) return null
    return (this.#window.get(task, key, now - within) as Holder | undefined) ?? null
  }

  /** A job of the key was stored. */
  taken(task: string, key: string, id: string, { within }: UniqueRule, now: number): void {
    if (within === null) return
    this.#sweep.run(now)
    this.#open.run(task, key, id, now, now + within)
  }

  /** A running job gives its key up to another one. */
  give(seq: number): void {
    this.#give.run(seq)
  }

  /** Gives a waiting job the arguments and options of a later call, and the time that follows from it. */
  move(holder: Holder & { seq: number }, batch: EnqueueBatch, i: number, now: number): void {
    const { debounce } = batch.unique as UniqueRule
    // What is due already keeps its place: it runs as soon as a thread is free, with what was said last.
    const runAt =
      debounce && holder.state === 'SCHEDULED' ? debouncedUntil(debounce, holder.enqueuedAt, now) : holder.runAt
    const { queue, priority, codec, options, expiresAt, maxAttempts } = batch
    this.#move.run({
      seq: holder.seq,
      args: batch.args[i]!,
      codec,
      options,
      queue,
      priority,
      rank: rankOf(runAt ?? now, priority),
      runAt,
      expiresAt,
      maxAttempts,
    })
    const { gateKeys, concurrency } = batch
    if (gateKeys)
      this.#rekey.run(
        gateKeys.concurrency?.[i] ?? null,
        concurrency?.limit ?? null,
        gateKeys.rate?.[i] ?? null,
        holder.seq,
      )
  }
}
