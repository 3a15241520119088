import Database from 'better-sqlite3'

/** Holds the file's write lock, so that no process can commit, until the returned function is called. */
export function lockFile(database: string): () => void {
  const db = new Database(database, { timeout: 10_000 })
  db.exec('BEGIN IMMEDIATE')
  return () => db.close()
}
