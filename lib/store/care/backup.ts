import { existsSync, linkSync, renameSync, rmSync, statSync } from 'node:fs'
import { BackupExists } from '../../errors.ts'
import type { BackupReport } from '../../wire/care.ts'
import { createPrivately } from '../open.ts'
import { storageError } from '../sqlite-errors.ts'
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
    await withFile(path, 'read', async (db) => {
      createPrivately(part)
      await db.backup(part, { progress: () => ALL_PAGES })
    })
    name(part, target)
  } catch (error) {
    if (error instanceof BackupExists || (error as NodeJS.ErrnoException).code === 'EEXIST') throw exists(target)
    throw storageError(error, target)
  } finally {
    tidy(part)
  }
  return { path: target, bytes: statSync(target).size }
}

/** Gives the complete copy its name, which is still free. */
function name(part: string, target: string): void {
  try {
    // A link fails where a rename would overwrite.
    linkSync(part, target)
  } catch (error) {
    if (!LINKLESS.has((error as NodeJS.ErrnoException).code ?? '')) throw error
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
