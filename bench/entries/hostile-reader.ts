/**
 * Reads the file so that at every moment one of two read transactions is open, each for a tenth of a second. Reports how large the
 * write-ahead log became, in MB, when it is told to end. Argument: database.
 */
import { statSync } from 'node:fs'
import Database from 'better-sqlite3'
import { argument, endWithParent, report } from './entry.ts'

const HELD = 100
const LOOK = 20

endWithParent()
const path = argument(0)
const readers = [0, 1].map((i) => {
  const db = new Database(path, { readonly: true })
  const look = db.prepare('SELECT count(*) FROM celeriac_counts')
  const read = (): void => {
    if (db.inTransaction) db.exec('COMMIT')
    db.exec('BEGIN')
    look.get()
  }
  // The second begins halfway through the first.
  setTimeout(
    () => {
      read()
      setInterval(read, HELD)
    },
    i * (HELD / 2),
  )
  return db
})
let most = 0
setInterval(() => {
  most = Math.max(most, statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0)
}, LOOK)
report({})
process.on('message', () => {
  report({ walMb: most / 1_048_576 })
  for (const db of readers) db.close()
  process.exit(0)
})
