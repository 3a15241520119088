import type { LinkingJob } from '../../wire/links.ts'
import type { EnqueueBatch } from '../../wire/messages.ts'
import type { Connection, Statement } from '../driver.ts'
import { type Inserted, JobInserts } from './insert.ts'

/** A linked job that was stored, or found to be there. */
export interface Followed {
  batch: EnqueueBatch
  inserted: Inserted
}

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

  follow(batches: readonly EnqueueBatch[], now: number): Followed[] {
    return batches.map((batch) => ({ batch, inserted: this.#inserts.insert(batch, now) }))
  }
}
