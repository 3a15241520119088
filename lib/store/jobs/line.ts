import type { Connection, Statement } from '../driver.ts'
import { unclaimed } from './state-terms.ts'

/** A queue's jobs of one task: the unit that can be skipped at no cost when it must not run. */
export type Line = [queue: string, task: string]

export class Lines {
  readonly #next: Statement

  constructor(db: Connection) {
    this.#next = db
      .prepare(`SELECT queue, task FROM celeriac_jobs WHERE state = 'PENDING' AND (queue, task) > (?, ?) AND ${unclaimed()}
        ORDER BY queue, task LIMIT 1`)
      .raw()
  }

  /** Every line that holds a due job: one index seek each, however many jobs wait in it. */
  all(): Line[] {
    const lines: Line[] = []
    let line: Line | undefined = ['', '']
    while (true) {
      line = this.#next.get(...line) as Line | undefined
      if (!line) return lines
      lines.push(line)
    }
  }
}
