import { accessSync, chmodSync, closeSync, constants, mkdirSync, openSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseLocked, DatabaseTooNew } from '../errors.ts'
import type { Durability } from '../wire/engine-options.ts'
import { type Connection, loadDriver } from './driver.ts'
import { migrateInTransaction, refuseNewer, SCHEMA_VERSION } from './migrations.ts'
import { storageError } from './sqlite-errors.ts'

/** Longest wait for another connection's lock inside one statement, in ms. The engine retries above it. */
export const BUSY_TIMEOUT = 1_000

/** Longest wait for a locked file to be opened, in ms. */
const OPEN_PATIENCE = 5_000

/**
 * Opens the file, creating it readable by its owner only, and brings its schema up to date.
 * @throws DatabaseLocked, DatabaseReadOnly, DatabaseUnavailable, DatabaseForeign, DatabaseCorrupt, DatabaseTooNew, DriverMismatch
 */
export function openDatabase(path: string): Connection {
  const patience = Date.now() + OPEN_PATIENCE
  while (true) {
    try {
      return openOnce(path)
    } catch (error) {
      // The turn to WAL and some recoveries fail at once, whatever the busy timeout.
      if (!(error instanceof DatabaseLocked) || Date.now() >= patience) throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50)
    }
  }
}

function openOnce(path: string): Connection {
  const Database = loadDriver()
  let db: Connection | null = null
  try {
    createPrivately(path)
    // SQLite would open it for reading, and leave a log that may not be written either to whoever gets it right later.
    accessSync(path, constants.R_OK | constants.W_OK)
    refuseNewerUntouched(path)
    db = new Database(path, { timeout: BUSY_TIMEOUT })
    const version = refuseNewer(db)
    // Heeded by an empty file only: `vacuum` can then hand space back without rewriting it all.
    if (version === 0 && db.pragma('page_count', { simple: true }) === 0) db.pragma('auto_vacuum = INCREMENTAL')
    db.pragma('journal_mode = WAL')
    // What is promised is synced by the engine. Whoever turns a file to WAL gets FULL, whoever opens it later NORMAL: never
    // rely on what a connection begins with.
    setSynchronous(db, 'normal')
    // Checkpoints are the engine's, in quiet moments; SQLite's own would fall on a commit that somebody waits for.
    db.pragma('wal_autocheckpoint = 0')
    db.pragma('journal_size_limit = 67108864')
    // Each commit that has balanced a tree walks over the whole cache, so what is kept is small; what a transaction writes may
    // take more of it before any of that goes to the log twice.
    db.pragma('cache_size = -4000')
    db.pragma('cache_spill = 4000')
    db.pragma('temp_store = MEMORY')
    const opened = db
    if (version < SCHEMA_VERSION) opened.transaction(() => migrateInTransaction(opened)).immediate()
    return opened
  } catch (error) {
    db?.close()
    throw storageError(error, path)
  }
}

/**
 * The last connection that may write takes the log into the file when it closes, and a newer library's file is to be left as
 * it is: one with a log is looked at by a connection that only reads.
 * @throws DatabaseTooNew
 */
function refuseNewerUntouched(path: string): void {
  if (!statSync(`${path}-wal`, { throwIfNoEntry: false })?.size) return
  const Database = loadDriver()
  let db: Connection | null = null
  try {
    db = new Database(path, { timeout: BUSY_TIMEOUT, readonly: true, fileMustExist: true })
    refuseNewer(db)
  } catch (error) {
    // Whatever else is wrong with the file is found when it is opened.
    if (error instanceof DatabaseTooNew) throw error
  } finally {
    db?.close()
  }
}

/**
 * Another connection of this process to a file that the engine has open: neither makes nor migrates it.
 * @throws the storage errors
 */
export function openBeside(path: string, durability: Durability): Connection {
  const Database = loadDriver()
  try {
    const db = new Database(path, { timeout: BUSY_TIMEOUT, fileMustExist: true })
    setSynchronous(db, durability)
    db.pragma('wal_autocheckpoint = 0')
    return db
  } catch (error) {
    throw storageError(error, path)
  }
}

export function setSynchronous(db: Connection, durability: Durability): void {
  db.exec(durability === 'full' ? 'PRAGMA synchronous = FULL' : 'PRAGMA synchronous = NORMAL')
}

/**
 * Makes an empty file that only its owner may read; SQLite would make it by the umask. One that exists is left alone:
 * closing a descriptor of a file that a connection of this process has open would drop that connection's locks.
 */
export function createPrivately(path: string): void {
  mkdirSync(dirname(path), { recursive: true })
  try {
    closeSync(openSync(path, 'wx', 0o600))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

/** Makes an empty file beside the database for all who may open that one: others on it have to read it too. */
export function createLike(database: string, path: string): void {
  createPrivately(path)
  chmodSync(path, statSync(database).mode & 0o666)
}
