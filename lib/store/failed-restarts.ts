import type { Connection, Statement } from './driver.ts'

const KEY = 'wal_restart_failed'

export interface FailedRestart {
  /** When the last one failed, in ms since the epoch. */
  at: number
  /** How many failed one after another. */
  times: number
}

/**
 * Which attempts to begin the WAL anew failed, of whichever process: nobody can write during one, so that processes that each
 * made their own would stop the file one after another.
 */
export class FailedRestarts {
  readonly #find: Statement
  readonly #keep: Statement

  constructor(db: Connection) {
    this.#find = db.prepare(`SELECT value FROM celeriac_meta WHERE key = '${KEY}'`).pluck()
    this.#keep = db.prepare(`INSERT INTO celeriac_meta (key, value) VALUES ('${KEY}', ?)
      ON CONFLICT (key) DO UPDATE SET value = excluded.value`)
  }

  last(): FailedRestart | null {
    const [at, times] = String(this.#find.get() ?? '')
      .split(' ')
      .map(Number)
    return at && times ? { at, times } : null
  }

  keep({ at, times }: FailedRestart): void {
    this.#keep.run(`${at} ${times}`)
  }
}
