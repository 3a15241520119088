import { rankOf } from '../../domain/rank.ts'
import type { EnqueueBatch } from '../../wire/messages.ts'
import type { Connection, Statement } from '../driver.ts'

/** Rows a statement inserts at once: 32 halve the cost a row (2.3 µs against 3.5), more gain nothing. */
const BLOCK = 32

const ROW =
  '(?, @task, @queue, @state, @priority, @rank, @now, @runAt, @expiresAt, @maxAttempts, @parentId, @rootId, @schedule, @scheduledFor, @codec, @options, ?)'

const insertSql = (rows: number): string => `
  INSERT INTO celeriac_jobs (id, task, queue, state, priority, rank, enqueued_at, run_at, expires_at, max_attempts,
    parent_id, root_id, schedule, scheduled_for, codec, options, args)
  VALUES ${Array(rows).fill(ROW).join(', ')}
  ON CONFLICT (id) DO NOTHING`

/** The slot that a schedule's job is stored for. */
export interface Slot {
  schedule: string
  scheduledFor: number
}

/** Stores new jobs. The caller holds the transaction. */
export class JobInserts {
  readonly #one: Statement
  readonly #block: Statement

  constructor(db: Connection) {
    this.#one = db.prepare(insertSql(1))
    this.#block = db.prepare(insertSql(BLOCK))
  }

  /** Returns the ids that were stored before, which are left as they are. */
  insert(batch: EnqueueBatch, now: number, slot?: Slot): string[] {
    const scheduled = batch.runAt !== null && batch.runAt > now
    const shared = {
      task: batch.task,
      queue: batch.queue,
      state: scheduled ? 'SCHEDULED' : 'PENDING',
      priority: batch.priority,
      rank: rankOf(batch.runAt ?? now, batch.priority),
      now,
      runAt: batch.runAt,
      expiresAt: batch.expiresAt,
      maxAttempts: batch.maxAttempts,
      parentId: batch.parentId,
      rootId: batch.rootId,
      schedule: slot?.schedule ?? null,
      scheduledFor: slot?.scheduledFor ?? null,
      codec: batch.codec,
      options: batch.options,
    }
    const { ids, args } = batch
    const duplicates: string[] = []
    let i = 0
    if (!batch.chosen) {
      const values: (string | Uint8Array)[] = new Array(BLOCK * 2)
      for (; i + BLOCK <= ids.length; i += BLOCK) {
        for (let j = 0; j < BLOCK; j++) {
          values[2 * j] = ids[i + j]!
          values[2 * j + 1] = args[i + j]!
        }
        this.#block.run(values, shared)
      }
    }
    for (; i < ids.length; i++) {
      if (this.#one.run(ids[i]!, args[i]!, shared).changes === 0) duplicates.push(ids[i]!)
    }
    return duplicates
  }
}
