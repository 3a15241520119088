import type { LinkingJob } from '../../wire/links.ts'
import type { Duplicate, EnqueueBatch, NamedJob, StoredNow } from '../../wire/messages.ts'
import type { Connection, Statement } from '../driver.ts'
import { JobInserts } from './insert.ts'

/** Stores the jobs that follow one that ends, in the transaction that ends it. */
export class JobLinks {
  readonly #inserts: JobInserts
  readonly #linking: Statement

  constructor(db: Connection, inserts = new JobInserts(db)) {
    this.#inserts = inserts
    this.#linking = db.prepare('SELECT id, root_id AS rootId, codec, options FROM celeriac_jobs WHERE seq = ?')
  }

  /** What a job's links need to know of it, for one that is not at hand. */
  linking(seq: number): LinkingJob & { options: string | null } {
    return this.#linking.get(seq) as LinkingJob & { options: string | null }
  }

  follow(batches: readonly EnqueueBatch[], now: number): StoredNow {
    const stored: StoredNow = { sent: [], ended: [] }
    for (const batch of batches) {
      const { duplicates, ended } = this.#inserts.insert(batch, now)
      stored.sent.push(...sentOf(batch, duplicates))
      for (const { id, task, queue } of ended) stored.ended.push({ id, task, queue })
    }
    return stored
  }
}

/** Those of a batch that were stored. */
export function sentOf({ ids, task, queue }: EnqueueBatch, duplicates: readonly Duplicate[]): NamedJob[] {
  const left = new Set(duplicates.map(([id]) => id))
  return ids.filter((id) => !left.has(id)).map((id) => ({ id, task, queue }))
}
