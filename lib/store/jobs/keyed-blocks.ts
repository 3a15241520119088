import type { EnqueueBatch } from '../../wire/messages.ts'
import type { Connection, Statement } from '../driver.ts'
import { sqliteCode } from '../sqlite-errors.ts'
import { type Admission, admissionOf, HOLDS_PLACE, Places } from './admission.ts'

/** Jobs stored by one statement. */
const BLOCK = 32
/** Highest limit of a concurrency key whose places are counted for each job of a block. */
const MOST_COUNTED = 8

/**
 * Stores new jobs with keys in blocks, on the chance that none of their keys is taken: to find out after they are stored
 * costs a fraction of a look for each before.
 */
export class KeyedBlocks {
  readonly #admission: Admission
  readonly #unique: Statement
  readonly #letIn: Statement
  readonly #crowded: Statement
  readonly #undo: Statement

  /**
   * @param uniqueSql stores so many jobs with an id, a unique key and arguments each
   * @param letInSql stores so many jobs with an id, a concurrency key, a rate's key and arguments each
   */
  constructor(db: Connection, uniqueSql: (rows: number) => string, letInSql: (rows: number) => string) {
    this.#admission = admissionOf(db)
    this.#unique = db.prepare(uniqueSql(BLOCK))
    this.#letIn = db.prepare(letInSql(BLOCK))
    this.#crowded = db
      .prepare(`SELECT 1 FROM celeriac_jobs j WHERE j.seq BETWEEN ? AND ? AND (SELECT count(*) FROM
        (SELECT 1 FROM celeriac_jobs WHERE concurrency_key = j.concurrency_key AND ${HOLDS_PLACE} LIMIT ? + 1)) > ? LIMIT 1`)
      .pluck()
    this.#undo = db.prepare('DELETE FROM celeriac_jobs WHERE seq BETWEEN ? AND ?')
  }

  /** Stores as many unique jobs as whole blocks hold, up to the first block with a key that is taken; returns how many. */
  storeUnique({ ids, keys, args }: EnqueueBatch, shared: object): number {
    const values: unknown[] = new Array(BLOCK * 3)
    let stored = 0
    for (; stored + BLOCK <= ids.length; stored += BLOCK) {
      for (let i = 0; i < BLOCK; i++) {
        values[3 * i] = ids[stored + i]
        values[3 * i + 1] = keys![stored + i]
        values[3 * i + 2] = args[stored + i]
      }
      try {
        this.#unique.run(values, shared)
      } catch (error) {
        // SQLite has undone the statement, and nothing else.
        if (sqliteCode(error) === 'SQLITE_CONSTRAINT_UNIQUE') return stored
        throw error
      }
    }
    return stored
  }

  /** The same of jobs that need a place of a concurrency key, or have a rate by key, or both. */
  storeLetIn(batch: EnqueueBatch, shared: { state: string; limit: number | null }): number {
    const { ids, args, gateKeys } = batch
    const { limit } = shared
    const due = shared.state === 'PENDING'
    if (due && !this.#admission.rateLetsAllIn(batch, new Places())) return 0
    const concurrency = limit === null ? null : gateKeys?.concurrency
    const counted = due && limit !== null
    if (limit !== null && (!concurrency || limit > MOST_COUNTED)) return 0
    const values: unknown[] = new Array(BLOCK * 4)
    let stored = 0
    for (; stored + BLOCK <= ids.length; stored += BLOCK) {
      for (let i = 0; i < BLOCK; i++) {
        const at = stored + i
        const key = concurrency ? concurrency[at] : null
        if (concurrency && key == null) return stored
        values[4 * i] = ids[at]
        values[4 * i + 1] = key
        values[4 * i + 2] = batch.rate ? (gateKeys?.rate?.[at] ?? null) : null
        values[4 * i + 3] = args[at]
      }
      const last = Number(this.#letIn.run(values, shared).lastInsertRowid)
      const first = last - BLOCK + 1
      if (!counted || this.#crowded.get(first, last, limit, limit) === undefined) continue
      this.#undo.run(first, last)
      return stored
    }
    return stored
  }
}
