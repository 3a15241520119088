import { existsSync, rmSync } from 'node:fs'
import { type Connection, loadDriver, type Statement } from './driver.ts'
import { createLike } from './open.ts'
import { isBusy, sqliteCode } from './sqlite-errors.ts'

/**
 * A process proves that it lives by an exclusive lock on a small SQLite file of its own: the kernel frees the lock
 * within milliseconds of its death, whatever killed it, and PIDs that are used again or a busy event loop cannot
 * deceive it. These files must never be opened with `fs`: closing any descriptor would free the lock.
 */
export function presencePath(database: string, key: string): string {
  return `${database}.${key}.alive`
}

export class Presence {
  readonly #db: Connection
  readonly #path: string

  constructor(database: string, key: string) {
    this.#path = presencePath(database, key)
    createLike(database, this.#path)
    this.#db = openLock(this.#path)
    this.#db.pragma('journal_mode = MEMORY')
    this.#db.exec('BEGIN EXCLUSIVE')
  }

  end(): void {
    this.#db.close()
    removePresence(this.#path)
  }
}

export function removePresence(path: string): void {
  for (const suffix of ['', '-journal']) rmSync(path + suffix, { force: true })
}

/** Watches another process's presence file, kept open so that a look costs microseconds. */
export class PresenceProbe {
  readonly #path: string
  #db: Connection | null = null
  #look: Statement | null = null

  constructor(database: string, key: string) {
    this.#path = presencePath(database, key)
  }

  /** Whether the process holds its lock; true of a file that this process may not open, so that only its beat can tell. */
  alive(): boolean {
    if (!existsSync(this.#path)) return false
    try {
      this.#db ??= openLock(this.#path)
      // Reads the file and writes nothing: a journal could not be made of a file that another process removes just now.
      this.#look ??= this.#db.prepare('PRAGMA user_version')
      this.#look.get()
      return false
    } catch (error) {
      if (isBusy(error)) return true
      if (sqliteCode(error) === null) throw error
      // Removed since: its owner has left.
      if (!existsSync(this.#path)) return false
      if (sqliteCode(error) === 'SQLITE_CANTOPEN') return true
      throw error
    }
  }

  close(): void {
    this.#db?.close()
    this.#db = null
    this.#look = null
  }
}

function openLock(path: string): Connection {
  const Database = loadDriver()
  return new Database(path, { timeout: 0, fileMustExist: true })
}
