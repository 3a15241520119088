import { closeSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { type Connection, loadDriver } from './driver.ts'
import { migrateInTransaction, refuseNewer, SCHEMA_VERSION } from './migrations.ts'
import { storageError } from './sqlite-errors.ts'

/** `full` syncs each commit that makes a promise; `normal` may lose the last commits when the power fails. */
export type Durability = 'full' | 'normal'

/** Longest wait for another connection's lock inside one statement, in ms. The engine retries above it. */
export const BUSY_TIMEOUT = 1_000

/**
 * Opens the file, creating it readable by its owner only, and brings its schema up to date.
 * @throws DatabaseLocked, DatabaseReadOnly, DatabaseUnavailable, DatabaseForeign, DatabaseCorrupt, DatabaseTooNew, DriverMismatch
 */
export function openDatabase(path: string, durability: Durability): Connection {
  const Database = loadDriver()
  let db: Connection | null = null
  try {
    createPrivately(path)
    db = new Database(path, { timeout: BUSY_TIMEOUT })
    const version = refuseNewer(db)
    db.pragma('journal_mode = WAL')
    // Whoever turns a file to WAL gets FULL, whoever opens it later NORMAL: never rely on what a connection begins with.
    setSynchronous(db, durability)
    // Checkpoints are the engine's, in quiet moments; SQLite's own would fall on a commit that somebody waits for.
    db.pragma('wal_autocheckpoint = 0')
    db.pragma('journal_size_limit = 67108864')
    db.pragma('cache_size = -16000')
    db.pragma('temp_store = MEMORY')
    const opened = db
    if (version < SCHEMA_VERSION) opened.transaction(() => migrateInTransaction(opened)).immediate()
    return opened
  } catch (error) {
    db?.close()
    throw storageError(error, path)
  }
}

export function setSynchronous(db: Connection, durability: Durability): void {
  db.pragma(`synchronous = ${durability === 'full' ? 'FULL' : 'NORMAL'}`)
}

/**
 * SQLite creates files by the umask. Only a file that did not exist is touched here: closing a descriptor of a file
 * that a connection of this process has open would drop that connection's locks.
 */
function createPrivately(path: string): void {
  mkdirSync(dirname(path), { recursive: true })
  try {
    closeSync(openSync(path, 'wx', 0o600))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}
