import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Package, REAL_PACKAGE } from '../../crash/children.ts'
import type { FileEvent } from '../watched/events.ts'
import { record } from '../watched/program.ts'

export interface RecordingOptions {
  durability: 'full' | 'normal'
  seed: number
  rounds: number
  /** How much longer than here the disk takes for each sync, in µs. */
  syncDelay: number
  pkg?: Package
}

/** Runs the workload and gives all that its disk and its caller saw. */
export async function recordWorkload({
  durability,
  seed,
  rounds,
  syncDelay,
  pkg = REAL_PACKAGE,
}: RecordingOptions): Promise<FileEvent[]> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'celeriac-power-')))
  try {
    const database = join(folder, 'jobs.db')
    const workload = join(pkg.root, 'dist/test/torture/power-cut/workload.js')
    const events = await record([workload, database, durability, String(seed), String(rounds)], folder, { syncDelay })
    const files = new Set([database, `${database}-wal`, `${database}-journal`])
    return events.filter((event) => event.kind === 'said' || files.has(event.path))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
