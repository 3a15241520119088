import { statSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import type { VacuumReport } from '../../wire/care.ts'
import type { Connection } from '../driver.ts'
import { handBack } from '../free-pages.ts'
import { withFile } from './connection.ts'

/** Pages handed back in one transaction: some 5 ms of the writer. */
const STEP = 256
/** Between two, so that others can write, in ms. */
const PAUSE = 5
const INCREMENTAL = 2

/**
 * Hands free space back to the disk, in steps that nobody waits for. A file that celeriac did not create may not allow
 * that; `full` rewrites such a file once, during which no other connection can write.
 */
export async function vacuum(path: string, full: boolean): Promise<VacuumReport> {
  const bytesBefore = statSync(path, { throwIfNoEntry: false })?.size ?? 0
  await withFile(path, 'write', async (db) => {
    if (full) rewrite(db)
    else while (handBack(db, STEP) > 0) await pause(PAUSE)
    db.pragma('wal_checkpoint(TRUNCATE)')
  })
  return { bytesBefore, bytesAfter: statSync(path).size }
}

function rewrite(db: Connection): void {
  if (db.pragma('auto_vacuum', { simple: true }) !== INCREMENTAL) db.pragma('auto_vacuum = INCREMENTAL')
  db.exec('VACUUM')
}
