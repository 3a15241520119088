import type { State } from '../../domain/states.ts'
import { threadsOfClaims } from '../../wire/begun-file.ts'
import type { Codec, Payload } from '../../wire/codec.ts'
import { readWireError } from '../../wire/error-codec.ts'
import type { Settled, StoredAttempt, StoredJob } from '../../wire/messages.ts'
import { shownOptions } from '../../wire/stored-options.ts'
import type { Connection, Statement } from '../driver.ts'
import { TIMED } from './state-terms.ts'

const job = (
  rows: string,
): string => `SELECT j.seq, j.id, j.task, j.queue, j.state, j.priority, j.enqueued_at AS enqueuedAt, j.run_at AS runAt,
    j.expires_at AS expiresAt, j.attempt, j.max_attempts AS maxAttempts, j.crashes, j.started_at AS startedAt,
    j.finished_at AS finishedAt, j.parent_id AS parentId, j.root_id AS rootId, j.schedule, j.scheduled_for AS scheduledFor,
    (SELECT o.key FROM celeriac_owners o WHERE o.id = j.owner) AS worker, j.owner, j.token, j.thread, j.codec, j.options, j.progress,
    j.unique_key AS uniqueKey, j.concurrency_key AS concurrencyKey, j.concurrency_limit AS concurrencyLimit, j.blocked_on AS blockedOn, j.rate_key AS rateKey,
    j.revoke_reason AS revokeReason, j.error, j.args, j.result
  FROM ${rows} j`

const JOB = job('celeriac_jobs_now')

type JobRow = Omit<StoredJob, 'options' | 'error' | 'attempts'> & {
  seq: number
  owner: number | null
  token: number | null
  options: string | null
  error: string | null
}
type AttemptRow = Omit<StoredAttempt, 'error'> & { error: string | null }

interface SettledRow {
  state: State
  task: string
  codec: Codec
  result: Payload
  error: string | null
  forgotten: number
}

/** Looks at jobs; changes nothing. */
export class JobReads {
  readonly #path: string
  readonly #job: Statement
  readonly #bySeq: Statement
  readonly #attempts: Statement
  readonly #state: Statement
  readonly #settled: Statement
  readonly #progress: Statement
  readonly #inState: Record<'STARTED' | 'SCHEDULED' | 'RETRY', Statement>

  constructor(db: Connection) {
    this.#path = db.name
    this.#job = db.prepare(`${JOB} WHERE j.id = ?`)
    this.#bySeq = db.prepare(`${JOB} WHERE j.seq = ?`)
    this.#attempts = db.prepare(`SELECT number, outcome, started_at AS startedAt, ended_at AS endedAt,
        (SELECT o.key FROM celeriac_owners o WHERE o.id = owner) AS worker, thread, error
      FROM celeriac_attempts WHERE job = ? ORDER BY ended_at, number`)
    this.#state = db.prepare('SELECT state FROM celeriac_jobs_now WHERE id = ?').pluck()
    this.#settled = db.prepare(`SELECT state, task, codec, result, error, forgotten
      FROM celeriac_jobs WHERE id = ?`)
    this.#progress = db.prepare('SELECT progress FROM celeriac_jobs WHERE id = ?').pluck()
    // The state stands in the text, so that the partial index of that state can serve.
    const timed = job('celeriac_jobs')
    this.#inState = {
      STARTED: db.prepare(
        `${JOB} WHERE j.seq IN (SELECT seq FROM celeriac_claims) ORDER BY j.queue, j.task, j.seq LIMIT ? + 0`,
      ),
      SCHEDULED: db.prepare(`${timed} WHERE state = 'SCHEDULED' AND ${TIMED} ORDER BY run_at LIMIT ? + 0`),
      RETRY: db.prepare(`${timed} WHERE state = 'RETRY' AND ${TIMED} ORDER BY run_at LIMIT ? + 0`),
    }
  }

  job(id: string): StoredJob | null {
    const row = this.#job.get(id) as JobRow | undefined
    return row ? this.#complete(row, threadsOfClaims(this.#path)) : null
  }

  /** Those of the jobs that are still stored, in the order given. */
  *bySeq(seqs: readonly number[]): Generator<StoredJob & { seq: number }, void, undefined> {
    const threads = threadsOfClaims(this.#path)
    for (const seq of seqs) {
      const row = this.#bySeq.get(seq) as JobRow | undefined
      if (row) yield { ...this.#complete(row, threads), seq }
    }
  }

  /** Unfinished jobs of one state, the next to run first. */
  inState(state: 'STARTED' | 'SCHEDULED' | 'RETRY', limit: number): StoredJob[] {
    const threads = threadsOfClaims(this.#path)
    return (this.#inState[state].all(limit) as JobRow[]).map((row) => this.#complete(row, threads))
  }

  state(id: string): State | null {
    return (this.#state.get(id) as State | undefined) ?? null
  }

  progress(id: string): string | null {
    return (this.#progress.get(id) as string | null | undefined) ?? null
  }

  /** How the job ended, or null while it has not. An id that was never stored is UNKNOWN. */
  settled(id: string): Settled | null {
    const row = this.#settled.get(id) as SettledRow | undefined
    if (!row) return ['UNKNOWN', '', 'json', null, null]
    const { state, task, codec, result } = row
    if (state !== 'SUCCESS' && state !== 'FAILURE' && state !== 'REVOKED' && state !== 'EXPIRED') return null
    const error = row.error === null ? null : readWireError(row.error)
    return [row.forgotten === 1 ? 'FORGOTTEN' : state, task, codec, result, error]
  }

  #complete(
    { seq, owner: _, token, options, error, ...row }: JobRow,
    threads: ReturnType<typeof threadsOfClaims>,
  ): StoredJob {
    if (row.state === 'STARTED' && row.worker !== null && token !== null) row.thread = threads(row.worker, token)
    const attempts = (this.#attempts.all(seq) as AttemptRow[]).map((a) => ({
      ...a,
      error: a.error === null ? null : readWireError(a.error),
    }))
    if (row.state === 'SUCCESS' || row.state === 'STARTED') {
      attempts.push({
        number: row.attempt,
        outcome: row.state === 'SUCCESS' ? 'success' : 'running',
        startedAt: row.startedAt,
        endedAt: row.finishedAt,
        worker: row.worker,
        thread: row.thread,
        error: null,
      })
    }
    return {
      ...row,
      options: shownOptions(options),
      error: error === null ? null : readWireError(error),
      attempts,
    }
  }
}
