import type { Pulse } from '../../wire/reading.ts'
import type { Connection, Statement } from '../driver.ts'

/** Tells whether something happened by a handful of rows, however many jobs there are. */
export class PulseReader {
  readonly #version: Statement
  readonly #parts: Statement[]
  readonly #running: Statement
  #seen: { version: number; pulse: Pulse } | null = null

  constructor(db: Connection) {
    this.#version = db.prepare('PRAGMA data_version').pluck()
    this.#running = db.prepare('SELECT count(*) FROM celeriac_claims').pluck()
    this.#parts = [
      'SELECT max(seq) FROM celeriac_jobs',
      'SELECT max(seq) FROM celeriac_claims',
      'SELECT state, jobs FROM celeriac_counts',
      // An attempt that is to be followed by another is in no other counter.
      `SELECT minute, sum(retries), sum(crashes) FROM celeriac_stats_minute
        WHERE minute = (SELECT max(minute) FROM celeriac_stats_minute)`,
      'SELECT count(*), sum(paused_at), sum(until), group_concat(rate) FROM celeriac_controls',
      'SELECT id FROM celeriac_processes',
    ].map((sql) => db.prepare(sql).raw())
  }

  read(): Pulse {
    const version = this.#version.get() as number
    // Nobody has written since.
    if (this.#seen?.version === version) return this.#seen.pulse
    const running = this.#running.get() as number
    const mark = JSON.stringify([running, ...this.#parts.map((part) => part.all())])
    this.#seen = { version, pulse: { mark, running } }
    return this.#seen.pulse
  }
}
