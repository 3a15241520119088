import { STATES, type State } from '../domain/states.ts'
import type { Connection, Statement } from './driver.ts'
import { BLOCKED, TIMED } from './jobs/state-terms.ts'

/** Counts jobs by state: what is finished from the counters, the rest from the indexes of what is unfinished. */
export class Counts {
  readonly #ended: Statement
  readonly #unfinished: Statement[]

  constructor(db: Connection) {
    this.#ended = db.prepare('SELECT state, jobs FROM celeriac_counts')
    const counted = (states: string): Statement =>
      db.prepare(`SELECT state, count(*) AS jobs FROM celeriac_jobs WHERE ${states}`)
    this.#unfinished = [
      db.prepare(`SELECT 'PENDING' AS state, count(*) - (SELECT count(*) FROM celeriac_claims) AS jobs
        FROM celeriac_jobs WHERE state = 'PENDING'`),
      db.prepare("SELECT 'STARTED' AS state, count(*) AS jobs FROM celeriac_claims"),
      counted(BLOCKED),
      counted(`state = 'SCHEDULED' AND ${TIMED}`),
      counted(`state = 'RETRY' AND ${TIMED}`),
    ]
  }

  /** Jobs that have ended and are kept. */
  ended(): number {
    return (this.#ended.all() as { jobs: number }[]).reduce((sum, { jobs }) => sum + jobs, 0)
  }

  /** Every state is named. */
  byState(): Record<State, number> {
    const counts = Object.fromEntries(STATES.map((state) => [state, 0])) as Record<State, number>
    for (const statement of [this.#ended, ...this.#unfinished]) {
      for (const { state, jobs } of statement.all() as { state: State | null; jobs: number }[])
        if (state !== null) counts[state] = jobs
    }
    return counts
  }
}
