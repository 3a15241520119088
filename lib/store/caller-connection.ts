import { statSync } from 'node:fs'
import { ForeignConnection } from '../errors.ts'
import type { EnqueueBatch } from '../wire/messages.ts'
import { type Connection, loadDriver } from './driver.ts'
import { type Inserted, JobInserts } from './jobs/insert.ts'
import { migrateInTransaction, SCHEMA_VERSION, schemaVersion } from './migrations.ts'
import { storageError } from './sqlite-errors.ts'
import { tallyOf } from './tally.ts'

const inserters = new WeakMap<object, JobInserts>()

/**
 * Stores jobs through a connection of the application, inside whatever transaction it has open. Only connections of the
 * very better-sqlite3 that the engine uses will do: a second SQLite library in one process drops the first one's locks
 * and loses rows without a word.
 * @throws ForeignConnection, and the storage errors
 */
export function insertWithin(db: unknown, database: string, batch: EnqueueBatch, now: number): Inserted {
  const connection = ownConnection(db, database)
  try {
    let inserts = inserters.get(connection)
    if (!inserts) {
      const current = schemaVersion(connection) === SCHEMA_VERSION
      if (!current) migrate(connection)
      inserts = new JobInserts(connection)
      // Tables made in the caller's transaction may be rolled back with it, and statements on them with the tables.
      if (current || !connection.inTransaction) inserters.set(connection, inserts)
    }
    if ((batch.unique || batch.gateKeys) && !connection.inTransaction) return atOnce(connection, inserts, batch, now)
    return counted(connection, inserts.insert(batch, now))
  } catch (error) {
    if (connection.open) tallyOf(connection).clear()
    throw storageError(error, database)
  }
}

/** What depends on the keys that are taken is read and written in one transaction. */
function atOnce(connection: Connection, inserts: JobInserts, batch: EnqueueBatch, now: number): Inserted {
  return connection.transaction(() => counted(connection, inserts.insert(batch, now))).immediate()
}

/** Some may have ended at once, or others in their favour. */
function counted(connection: Connection, inserted: Inserted): Inserted {
  if (inserted.ended.length > 0) tallyOf(connection).flush()
  return inserted
}

/** In the caller's transaction when there is one: then the tables come and go with it. */
function migrate(connection: Connection): void {
  if (connection.inTransaction) migrateInTransaction(connection)
  else connection.transaction(() => migrateInTransaction(connection)).immediate()
}

function ownConnection(db: unknown, database: string): Connection {
  const Database = loadDriver()
  if (!(db instanceof (Database as unknown as new () => object))) {
    throw new ForeignConnection(
      'within(db) needs a Database of the better-sqlite3 that celeriac itself loads — pass the connection itself, and see that "npm ls better-sqlite3" shows one copy',
    )
  }
  const connection = db as Connection
  if (!connection.open) throw new ForeignConnection('within(db) was given a closed connection — open it again')
  if (!sameFile(connection.name, database)) {
    throw new ForeignConnection(
      `within(db) was given a connection to ${connection.name}, but the app's jobs live in ${database} — use one file for both`,
    )
  }
  return connection
}

function sameFile(a: string, b: string): boolean {
  try {
    const one = statSync(a)
    const other = statSync(b)
    return one.ino === other.ino && one.dev === other.dev
  } catch {
    return false
  }
}
