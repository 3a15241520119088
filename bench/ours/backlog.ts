import { closeSync, copyFileSync, existsSync, fsyncSync, openSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Trial } from '../case.ts'
import { openApp } from './app.ts'
import { allDone, enqueue } from './drain.ts'
import type { Milestones } from './milestones.ts'

const CHUNK = 50_000
const MARKERS = 256
const YEAR = 365 * 86_400_000

export interface Backlog {
  readonly jobs: number
  /** Run them all, so that the file holds finished jobs instead of queued ones. */
  readonly finished: boolean
  /** They are to run in a year. */
  readonly farFuture?: boolean
  /** Places in the line. The ids of up to 256 jobs before each are kept, to see when the line has come that far. */
  readonly milestones: readonly number[]
}

const pathOf = (shared: string, name: string) => join(shared, `${name}.db`)

/** Makes a file with many jobs, once a run; every trial takes a copy. */
export const makeBacklog =
  (name: string, of: (quick: boolean) => Backlog): Trial =>
  async ({ shared, quick }) => {
    const file = pathOf(shared, name)
    const { jobs, finished, milestones, farFuture } = of(quick)
    const opened = await openApp(file)
    const ids: string[] = []
    if (finished) await opened.app.start()
    for (let stored = 0; stored < jobs; stored += CHUNK) {
      const eta = farFuture ? new Date(Date.now() + YEAR) : null
      const handles = await enqueue(opened, Math.min(CHUNK, jobs - stored), eta)
      if (milestones.length > 0) for (const handle of handles) ids.push(handle.id)
      if (finished) await allDone(file, handles)
    }
    await opened.app.stop()
    const before: Milestones = milestones.map((place) => ids.slice(Math.max(0, place - MARKERS), place))
    writeFileSync(`${file}.json`, JSON.stringify(before))
    return {}
  }

/** Copies the file into `dir`, to the disk and not only into the page cache, before anything is timed. */
export function takeBacklog(shared: string, name: string, dir: string): string {
  const [from, file] = [pathOf(shared, name), join(dir, 'ours.db')]
  for (const suffix of ['', '-wal']) {
    if (!existsSync(from + suffix)) continue
    copyFileSync(from + suffix, file + suffix)
    const fd = openSync(file + suffix, 'r+')
    fsyncSync(fd)
    closeSync(fd)
  }
  return file
}

export const milestonesPath = (shared: string, name: string): string => `${pathOf(shared, name)}.json`
