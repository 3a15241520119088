import { STATES, type State } from '../../domain/states.ts'
import type { Connection, Statement } from '../driver.ts'

/** Counts jobs by state, without a look at any that is finished. */
export class Counts {
  readonly #all: Statement

  constructor(db: Connection) {
    this.#all = db.prepare('SELECT state, count(*) AS jobs FROM celeriac_jobs GROUP BY state')
  }

  byState(): Record<State, number> {
    const counts = Object.fromEntries(STATES.map((state) => [state, 0])) as Record<State, number>
    for (const { state, jobs } of this.#all.all() as { state: State; jobs: number }[]) counts[state] = jobs
    return counts
  }
}
