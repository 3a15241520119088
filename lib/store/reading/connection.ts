import { statSync } from 'node:fs'
import { DatabaseForeign } from '../../errors.ts'
import { type Connection, loadDriver } from '../driver.ts'
import { refuseNewer } from '../migrations.ts'
import { storageError } from '../sqlite-errors.ts'

/** Longest wait for another connection's lock, in ms: readers of a WAL wait for its recovery only. */
const BUSY_TIMEOUT = 1_000

/**
 * A connection that can only read, opened at the first need, and anew when the path leads to another file. Each
 * statement is a read transaction of its own, so nothing is held open that would keep the WAL from being reused.
 */
export class ReadConnection<Statements> {
  readonly path: string
  readonly #prepare: (db: Connection) => Statements
  #open: { db: Connection; statements: Statements; dev: number; ino: number } | null = null

  constructor(path: string, prepare: (db: Connection) => Statements) {
    this.path = path
    this.#prepare = prepare
  }

  /** @throws DatabaseUnavailable, DatabaseForeign, DatabaseTooNew, DatabaseLocked, DatabaseCorrupt, DriverMismatch */
  read<T>(work: (statements: Statements) => T): T {
    try {
      return work(this.#statements())
    } catch (error) {
      throw storageError(error, this.path)
    }
  }

  close(): void {
    this.#open?.db.close()
    this.#open = null
  }

  #statements(): Statements {
    const { dev, ino } = statSync(this.path)
    if (this.#open && this.#open.dev === dev && this.#open.ino === ino) return this.#open.statements
    this.close()
    const Database = loadDriver()
    const db = new Database(this.path, { readonly: true, fileMustExist: true, timeout: BUSY_TIMEOUT })
    try {
      if (refuseNewer(db) === 0)
        throw new DatabaseForeign(`${this.path} holds no tables of celeriac — name the file that the app uses`)
      const statements = this.#prepare(db)
      this.#open = { db, statements, dev, ino }
      return statements
    } catch (error) {
      db.close()
      throw error
    }
  }
}
