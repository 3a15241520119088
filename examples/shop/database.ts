/** The shop's database file: its own tables, beside the `celeriac_*` tables of its jobs. */
import { mkdirSync } from 'node:fs'
import Database from 'better-sqlite3'
import { databaseFile, shopFolder } from './app.ts'
import { shopTables } from './tables.ts'

export type Connection = Database.Database

/** Opens the shop's database for reading and writing, and makes its tables where they are missing. */
export function openShop(): Connection {
  mkdirSync(shopFolder, { recursive: true })
  const db = new Database(databaseFile)
  db.pragma('journal_mode = WAL')
  // A sign-up is answered only when it is on the disk; WAL alone would let SQLite answer earlier.
  db.pragma('synchronous = FULL')
  db.exec(shopTables)
  return db
}

let reader: Connection | undefined

/** This thread's read-only connection, opened when a task first asks for it. */
export function shopReader(): Connection {
  reader ??= new Database(databaseFile, { readonly: true, fileMustExist: true })
  return reader
}
