import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Disk } from '../power-cut/disk.ts'
import type { FileEvent } from './events.ts'

/** The process died at this call, before it did anything. */
export interface Death {
  /** Index of the call among the events. */
  at: number
  /** What the process had said by then. */
  said: readonly string[]
  /** The files that it leaves behind. */
  files(): Map<string, Buffer>
}

/** Memory that processes share is made anew by whoever opens the file first. */
const isShared = (path: string): boolean => path.endsWith('-shm')

/** All that a folder holds. */
export function filesIn(folder: string): Map<string, Buffer> {
  const paths = readdirSync(folder).map((name) => join(folder, name))
  return new Map(paths.filter((path) => !isShared(path)).map((path) => [path, readFileSync(path)]))
}

/**
 * Each death that the recorded process may have died: what it wrote until a call is what it leaves behind when it is killed
 * at this call, because what was written outlives the process, whatever was synced.
 *
 * @param found what was in the folder when it started
 */
export function* deaths(events: readonly FileEvent[], found: ReadonlyMap<string, Buffer>): Generator<Death> {
  const disk = new Disk(found)
  const said: string[] = []
  for (const [at, event] of events.entries()) {
    if (event.kind === 'said') said.push(event.line)
    else {
      yield { at, said, files: () => disk.written() }
      if (!isShared(event.path)) disk.play(event)
    }
  }
}
