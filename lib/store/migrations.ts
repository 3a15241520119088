import { DatabaseTooNew } from '../errors.ts'
import type { Connection } from './driver.ts'
import { createAudit, createCommands, createSchedules, createStats, createViews } from './migrations/001-beside-jobs.ts'
import { createJobs, createLimits, createSearch, createUnique } from './migrations/001-jobs.ts'

/** Numbered from 1, appended and never edited: files of every released version must come through. */
export const MIGRATIONS: readonly string[] = [
  [
    createJobs,
    createSchedules,
    createSearch,
    createLimits,
    createUnique,
    createStats,
    createAudit,
    createCommands,
    createViews,
  ].join('\n'),
]

export const SCHEMA_VERSION = MIGRATIONS.length

/**
 * Version of the `celeriac_` tables in the file, 0 when there are none. Kept in a table of ours, because
 * `PRAGMA user_version` belongs to the application whose file this may be.
 */
export function schemaVersion(db: Connection): number {
  const known = db.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'celeriac_meta'").get()
  if (!known) return 0
  return Number(db.prepare("SELECT value FROM celeriac_meta WHERE key = 'schema_version'").pluck().get() ?? 0)
}

/** @throws DatabaseTooNew when a newer library wrote the file; nothing is changed in it */
export function refuseNewer(db: Connection): number {
  const version = schemaVersion(db)
  if (version > SCHEMA_VERSION) {
    throw new DatabaseTooNew(
      `${db.name} has schema version ${version} and this celeriac knows ${SCHEMA_VERSION} — upgrade celeriac in this process`,
    )
  }
  return version
}

/** Everything of ours in the file: the statement that made each table, index and view, by name. */
export function createdSchema(db: Connection): Map<string, string> {
  const rows = db
    .prepare("SELECT name, sql FROM sqlite_schema WHERE name LIKE 'celeriac\\_%' ESCAPE '\\' AND sql IS NOT NULL")
    .all() as { name: string; sql: string }[]
  return new Map(rows.map(({ name, sql }) => [name, sql.replace(/\s+/g, ' ')]))
}

/** Applies what is missing. The caller holds a write transaction, so the file is never between two versions. */
export function migrateInTransaction(db: Connection): void {
  const version = refuseNewer(db)
  for (const sql of MIGRATIONS.slice(version)) db.exec(sql)
  if (version < SCHEMA_VERSION) {
    db.prepare(
      "INSERT INTO celeriac_meta (key, value) VALUES ('schema_version', ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
    ).run(SCHEMA_VERSION)
  }
}
