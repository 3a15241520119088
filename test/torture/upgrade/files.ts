/** Files as released versions left them. */
import { fork } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { createdSchema } from '../../../lib/store/migrations.ts'

const MAKER = join(import.meta.dirname, '../damaged-files/maker.js')

/** The files of a database by their path. */
export type Files = Map<string, Buffer>

export interface OldFile {
  name: string
  files: Files
}

/**
 * Makes a file of each released schema. Nothing is released yet, so that of today stands for the first: as a process
 * leaves it that is killed, with a log, and after a checkpoint, without.
 */
export async function makeOldFiles(folder: string): Promise<OldFile[]> {
  const database = join(folder, 'jobs.db')
  const maker = fork(MAKER, [database], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  const ready = await new Promise((resolve) => {
    maker.once('message', () => resolve(true))
    maker.once('exit', () => resolve(false))
  })
  if (!ready) throw new Error('the old file could not be made')
  maker.kill('SIGKILL')
  await new Promise((resolve) => maker.once('close', resolve))
  const killed = filesAt(database)
  const db = new Database(database)
  db.pragma('wal_checkpoint(TRUNCATE)')
  db.close()
  return [
    { name: 'version 1 with a log', files: killed },
    { name: 'version 1', files: filesAt(database) },
  ]
}

/** The database and its log; what SQLite makes anew is left out. */
export function filesAt(database: string): Files {
  const paths = [database, `${database}-wal`].filter((path) => existsSync(path))
  return new Map(paths.map((path) => [path, readFileSync(path)]))
}

/** All that the library keeps in a file, to be compared. */
export interface Content {
  integrity: string
  version: number
  schema: Map<string, string>
  /** Rows of each table, as JSON. */
  rows: Map<string, string>
}

/** @param added columns and tables that a later version adds, and are left out */
export function contentOf(database: string, added: { tables: readonly string[]; columns: readonly string[] }): Content {
  const db = new Database(database)
  try {
    const integrity = db.pragma('integrity_check', { simple: true }) as string
    const schema = createdSchema(db)
    const tables = db
      .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name GLOB 'celeriac_*' ORDER BY name")
      .pluck()
      .all() as string[]
    const rows = new Map<string, string>()
    for (const table of tables) {
      if (added.tables.includes(table) || table === 'celeriac_meta') continue
      const columns = (db.pragma(`table_info(${table})`) as { name: string }[])
        .map(({ name }) => name)
        .filter((name) => !added.columns.includes(name))
      rows.set(
        table,
        JSON.stringify(
          db
            .prepare(`SELECT ${columns.join(', ')} FROM ${table} ORDER BY 1, 2`)
            .raw()
            .all(),
        ),
      )
    }
    const version = Number(db.prepare("SELECT value FROM celeriac_meta WHERE key = 'schema_version'").pluck().get())
    return { integrity, version, schema, rows }
  } finally {
    db.close()
  }
}
