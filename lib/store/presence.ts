import { existsSync, rmSync } from 'node:fs'
import { type Connection, loadDriver, type Statement } from './driver.ts'
import { createPrivately } from './open.ts'
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
    createPrivately(this.#path)
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
  #begin: Statement | null = null

  constructor(database: string, key: string) {
    this.#path = presencePath(database, key)
  }

  /** Whether the process holds its lock. */
  alive(): boolean {
    if (!existsSync(this.#path)) return false
    try {
      // Nothing else is asked of it: what reads the file fails for as long as its owner lives.
      this.#db ??= openLock(this.#path)
      this.#begin ??= this.#db.prepare('BEGIN EXCLUSIVE')
      this.#begin.run()
      this.#db.exec('ROLLBACK')
      return false
    } catch (error) {
      if (isBusy(error)) return true
      // Removed between the look and the opening: its owner has left.
      if (sqliteCode(error) === 'SQLITE_CANTOPEN') return false
      throw error
    }
  }

  close(): void {
    this.#db?.close()
    this.#db = null
    this.#begin = null
  }
}

function openLock(path: string): Connection {
  const Database = loadDriver()
  return new Database(path, { timeout: 0, fileMustExist: true })
}
