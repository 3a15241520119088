import { accessSync, constants, statfsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { CeleriacError } from '../../errors.ts'
import type { Diagnosis } from '../../wire/care.ts'
import { type Connection, driverVersion, loadDriver } from '../driver.ts'
import { createdSchema, migrateInTransaction, refuseNewer, SCHEMA_VERSION } from '../migrations.ts'
import { storageError } from '../sqlite-errors.ts'
import { Findings } from './findings.ts'
import { examineRows } from './rows.ts'

/** Types of file systems that SQLite's locks and shared memory do not work on, as statfs(2) gives them. */
const REMOTE = new Map([
  [0x6969, 'NFS'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB2'],
  [0x01021997, '9p'],
])
const LEAST_FREE = 100 * 1_048_576
const LARGE_WAL = 64 * 1_048_576

const OUT_OF_REACH: ReadonlySet<string> = new Set(['STORAGE_FULL', 'DATABASE_LOCKED', 'DATABASE_READ_ONLY'])

/**
 * Examines a file and says what to do about each thing found. Changes nothing; works while apps use the file.
 * @param tasks names that the app declares; null to ask the live processes instead
 */
export function doctor(path: string, tasks: readonly string[] | null, now: number): Diagnosis {
  const found = new Findings()
  if (examineDriver(found) && examineFile(path, found)) {
    const db = open(path, found)
    try {
      if (db && examineContent(db, found)) examineRows(db, path, tasks, now, found)
    } catch (error) {
      found.error('file', ...reported(error, path))
    } finally {
      db?.close()
    }
  }
  return { path, healthy: found.list.every(({ level }) => level !== 'error'), findings: found.list }
}

function examineDriver(found: Findings): boolean {
  try {
    loadDriver()
    found.ok('driver', `better-sqlite3 ${driverVersion()} runs on Node ${process.version}`)
    return true
  } catch (error) {
    found.error('driver', (error as Error).message, 'use a pair of the table under "Install" in the README')
    return false
  }
}

function examineFile(path: string, found: Findings): boolean {
  const file = statSync(path, { throwIfNoEntry: false })
  if (!file?.isFile()) {
    found.error('file', `${path} ${file ? 'is no file' : 'does not exist'}`, 'give the path that the app uses')
    return false
  }
  const folder = dirname(path)
  try {
    accessSync(path, constants.R_OK | constants.W_OK)
    accessSync(folder, constants.W_OK)
    const mode = (file.mode & 0o777).toString(8).padStart(4, '0')
    if (file.mode & 0o077)
      found.warn('permissions', `${path} has mode ${mode}: other users may read jobs`, `chmod 600 ${path}`)
    else found.ok('permissions', `readable and writable by its owner only (${mode})`)
  } catch {
    found.error(
      'permissions',
      `this user may not write ${path} or its folder`,
      'run as the user of the app, or give this one access to file and folder',
    )
  }
  const { type, bavail, bsize } = statfsSync(folder)
  const remote = REMOTE.get(type)
  if (remote) found.error('disk', `${folder} is on ${remote}`, 'move the file to a local disk')
  else if (bavail * bsize < LEAST_FREE)
    found.warn('disk', `${megabytes(bavail * bsize)} MB are free on ${folder}`, 'free disk space')
  else found.ok('disk', `${megabytes(bavail * bsize)} MB are free`)
  const wal = statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0
  if (wal > LARGE_WAL)
    found.warn(
      'wal',
      `the write-ahead log holds ${megabytes(wal)} MB`,
      'end what keeps a read transaction open on the file, such as a shell or a forgotten iterate()',
    )
  return true
}

/** What is wrong, and what to do: a file that is only out of reach needs no backup. */
function reported(error: unknown, path: string): [problem: string, fix: string] {
  const { message, code } = storageError(error, path)
  const [problem, fix] = message.split(' — ')
  return OUT_OF_REACH.has(code) && fix
    ? [problem as string, fix]
    : [message, 'keep the file, and restore a backup to another path']
}

function open(path: string, found: Findings): Connection | null {
  const Database = loadDriver()
  try {
    const db = new Database(path, { readonly: true, fileMustExist: true, timeout: 5_000 })
    db.pragma('schema_version')
    return db
  } catch (error) {
    found.error('file', ...reported(error, path))
    return null
  }
}

/** Whether the tables are there to be looked into. */
function examineContent(db: Connection, found: Findings): boolean {
  try {
    const version = refuseNewer(db)
    if (version < SCHEMA_VERSION) {
      const said = version === 0 ? 'there are no tables of celeriac' : `the schema has version ${version}`
      found.error('schema', said, 'start the app once: it creates and updates them')
      return false
    }
  } catch (error) {
    if (!(error instanceof CeleriacError)) throw error
    found.error('schema', error.message, 'upgrade celeriac in this process')
    return false
  }
  const journal = db.pragma('journal_mode', { simple: true })
  if (journal !== 'wal') found.error('journal', `journal_mode is ${journal}`, 'start the app once: it turns it to WAL')
  const damage = db.pragma('integrity_check(5)') as { integrity_check: string }[]
  if (damage[0]?.integrity_check !== 'ok') {
    const said = damage.map((row) => row.integrity_check).join('; ')
    found.error('integrity', said, 'keep the file, and restore a backup to another path')
    return false
  }
  found.ok('integrity', 'SQLite finds no damage')
  examineSchema(db, found)
  return true
}

function examineSchema(db: Connection, found: Findings): void {
  const actual = createdSchema(db)
  const Database = loadDriver()
  const fresh = new Database(':memory:')
  try {
    migrateInTransaction(fresh)
    const missing = [...createdSchema(fresh)].filter(([name, sql]) => actual.get(name) !== sql)
    for (const [name, sql] of missing) {
      const said = actual.has(name) ? `${name} differs from what this version creates` : `${name} is missing`
      found.error('schema', said, `${actual.has(name) ? 'restore a backup, or recreate it as' : 'run'}: ${sql}`)
    }
    if (missing.length === 0) found.ok('schema', `version ${SCHEMA_VERSION}, complete`)
  } finally {
    fresh.close()
  }
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 1_048_576)
}
