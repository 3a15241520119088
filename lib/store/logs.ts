import type { Connection, Statement } from './driver.ts'

export interface LogLine {
  at: number
  level: string
  text: string
}

/** Lines that tasks wrote, kept with their jobs. */
export class Logs {
  readonly #insert: Statement
  readonly #read: Statement

  constructor(db: Connection) {
    this.#insert = db.prepare('INSERT INTO celeriac_logs (job, at, level, text) VALUES (?, ?, ?, ?)')
    this.#read = db.prepare(`SELECT l.at, l.level, l.text FROM celeriac_logs l
      JOIN celeriac_jobs j ON j.seq = l.job WHERE j.id = ? ORDER BY l.rowid`)
  }

  add(job: number, at: number, level: string, text: string): void {
    this.#insert.run(job, at, level, text)
  }

  of(id: string): LogLine[] {
    return this.#read.all(id) as LogLine[]
  }
}
