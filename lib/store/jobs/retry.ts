import { rankOf } from '../../domain/rank.ts'
import type { State } from '../../domain/states.ts'
import type { Connection, Statement } from '../driver.ts'
import { type FinalState, type Tally, tallyOf } from '../tally.ts'
import { type Admission, admissionOf } from './admission.ts'
import { ENDED_BADLY, stateOf } from './state-terms.ts'

/** A job as much as is needed to steer it. */
export interface SteeredJob {
  seq: number
  id: string
  task: string
  queue: string
  state: State
  priority: number
  concurrencyKey: string | null
  concurrencyLimit: number | null
  /** 1 once its arguments were dropped. */
  forgotten: number
}

const STEERED = `SELECT seq, id, task, queue, ${stateOf()} AS state, priority, forgotten,
  concurrency_key AS concurrencyKey, concurrency_limit AS concurrencyLimit FROM celeriac_jobs`

const ALWAYS = { state: 'PENDING', blockedOn: null } as const

/** Puts ended jobs among the waiting again. The caller holds the transaction. */
export class JobRetries {
  readonly #tally: Tally
  readonly #admission: Admission
  readonly #byId: Statement
  readonly #bySeq: Statement
  readonly #again: Statement

  constructor(db: Connection) {
    this.#tally = tallyOf(db)
    this.#admission = admissionOf(db)
    this.#byId = db.prepare(`${STEERED} WHERE id = ?`)
    this.#bySeq = db.prepare(`${STEERED} WHERE seq = ?`)
    // OR IGNORE: its unique key may be held by a live job by now. Crashes stay counted, so that a job which kills its thread is still run with nothing beside it.
    this.#again =
      db.prepare(`UPDATE OR IGNORE celeriac_jobs SET state = @state, blocked_on = @blockedOn, rank = @rank, run_at = NULL, expires_at = NULL, finished_at = NULL,
        max_attempts = max(max_attempts, attempt + 1), owner = NULL, token = NULL, thread = NULL, revoke_asked = NULL, revoke_reason = NULL,
        progress = NULL, options = iif(json_valid(options), json_remove(options, '$.deadline'), options)
      WHERE seq = @seq AND ${ENDED_BADLY} AND forgotten = 0`)
  }

  /** @param key id, or place in the order of arrival */
  steered(key: string | number): SteeredJob | null {
    const statement = typeof key === 'string' ? this.#byId : this.#bySeq
    return (statement.get(key) as SteeredJob | undefined) ?? null
  }

  /**
   * To PENDING (or BLOCKED, when its concurrency key has no place), due now, with one more attempt allowed; its attempts so far and the last error are kept. False when the
   * job has not ended, succeeded or was forgotten, or a live job holds its unique key.
   */
  retry({ seq, priority, concurrencyKey, concurrencyLimit }: SteeredJob, now: number): boolean {
    const before = this.steered(seq)?.state
    const { state, blockedOn } =
      concurrencyKey === null ? ALWAYS : this.#admission.again(concurrencyKey, concurrencyLimit ?? 1)
    if (this.#again.run({ seq, rank: rankOf(now, priority), state, blockedOn }).changes === 0) return false
    this.#tally.left(before as FinalState)
    return true
  }
}
