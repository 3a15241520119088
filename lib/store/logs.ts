import { type LogLine, linesOf, PART_BREAK } from '../wire/log-lines.ts'
import type { Connection, Statement } from './driver.ts'

/** Parts of an attempt that are told apart, more than it has lines; and attempts: what lies above goes to the last one. */
const PARTS = 1_024
const MOST_ATTEMPTS = 4_095

/** Lines that tasks wrote, kept with their jobs: a row holds as many as arrived together, because a row costs more than its text. */
export class Logs {
  readonly #insert: Statement
  readonly #read: Statement

  constructor(db: Connection) {
    // An attempt that was given back, and is made again, has the numbers of the one before.
    this.#insert = db.prepare(`INSERT INTO celeriac_logs (id, lines) VALUES ((? << 22) | ?, ?)
      ON CONFLICT (id) DO UPDATE SET lines = lines || '${PART_BREAK}' || excluded.lines`)
    this.#read = db
      .prepare(`SELECT l.lines FROM celeriac_jobs j JOIN celeriac_logs l ON l.id >= j.seq << 22 AND l.id < (j.seq + 1) << 22
        WHERE j.id = ? ORDER BY l.id`)
      .pluck()
  }

  /**
   * @param part its number within the attempt
   * @param lines a part of a log
   */
  add(job: number, attempt: number, part: number, lines: string): void {
    this.#insert.run(job, Math.min(attempt, MOST_ATTEMPTS) * PARTS + Math.min(part, PARTS - 1), lines)
  }

  of(id: string): LogLine[] {
    return (this.#read.all(id) as string[]).flatMap(linesOf)
  }
}
