import type { LogLine as PackedLine } from '../wire/messages.ts'
import type { Connection, Statement } from './driver.ts'

export interface LogLine {
  at: number
  level: string
  text: string
}

/** Lines that tasks wrote, kept with their jobs: a row holds as many as arrived together, because a row costs more than its text. */
export class Logs {
  readonly #insert: Statement
  readonly #read: Statement

  constructor(db: Connection) {
    this.#insert = db.prepare('INSERT INTO celeriac_logs (job, lines) VALUES (?, ?)')
    this.#read = db
      .prepare(`SELECT l.lines FROM celeriac_logs l JOIN celeriac_jobs j ON j.seq = l.job
        WHERE j.id = ? ORDER BY l.rowid`)
      .pluck()
  }

  /** @param lines JSON of an array of `LogLine` tuples */
  add(job: number, lines: string): void {
    this.#insert.run(job, lines)
  }

  of(id: string): LogLine[] {
    return (this.#read.all(id) as string[]).flatMap((lines) =>
      (JSON.parse(lines) as PackedLine[]).map(([at, level, text]) => ({ at, level, text })),
    )
  }
}
