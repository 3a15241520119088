import { existsSync, linkSync, renameSync, rmSync, statSync } from 'node:fs'
import { BackupExists } from '../../errors.ts'
import type { BackupReport } from '../../wire/care.ts'
import type { Connection } from '../driver.ts'
import { createPrivately } from '../open.ts'
import { isBusy, sqliteCode, storageError } from '../sqlite-errors.ts'
import { withFile } from './connection.ts'

/** More pages than a file can have: the copy is one step, so a writer can never make it begin again. */
const ALL_PAGES = 0x7fff_ffff

/** What file systems without hard links say, as exFAT on a memory stick. */
const LINKLESS: ReadonlySet<string> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'])

/**
 * Copies the file as it is at one moment, while others write. The copy appears under its name when it is complete and
 * synced, readable by its owner only.
 * @throws BackupExists, and the database errors
 */
export async function backup(path: string, target: string): Promise<BackupReport> {
  if (existsSync(target)) throw exists(target)
  const part = `${target}.part`
  try {
    rmSync(part, { force: true })
    await withFile(path, 'read', async (db) => copy(db, part, target))
    name(part, target)
  } catch (error) {
    throw storageError(error, target)
  } finally {
    tidy(part)
  }
  return { path: target, bytes: statSync(target).size }
}

/** What goes wrong from here on is the disk of the copy, but for a lock on the file or damage to it. */
async function copy(db: Connection, part: string, target: string): Promise<void> {
  try {
    createPrivately(part)
    await db.backup(part, { progress: () => ALL_PAGES })
  } catch (error) {
    throw isBusy(error) || sqliteCode(error)?.startsWith('SQLITE_CORRUPT') ? error : storageError(error, target)
  }
}

/** Gives the complete copy its name, which is still free. */
function name(part: string, target: string): void {
  try {
    // A link fails where a rename would overwrite.
    linkSync(part, target)
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') throw exists(target)
    if (!LINKLESS.has(code)) throw error
    if (existsSync(target)) throw exists(target)
    renameSync(part, target)
  }
}

/** What cannot be removed changes nothing about the copy. */
function tidy(part: string): void {
  for (const suffix of ['', '-journal', '-wal', '-shm']) {
    try {
      rmSync(part + suffix, { force: true })
    } catch {}
  }
}

function exists(target: string): BackupExists {
  return new BackupExists(`${target} exists — a backup never overwrites: remove it, or choose another name`)
}
