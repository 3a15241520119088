/** What is taken away from a program that works, and given back. */
import { execFileSync } from 'node:child_process'
import { linkSync, readdirSync, renameSync, rmSync, statSync, unlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Child, CrashRun } from '../../crash/children.ts'
import { until } from '../../crash/conditions.ts'
import { lockFile } from '../../crash/locked-file.ts'
import { integer, type Random } from '../../crash/random.ts'

export interface Fault {
  name: string
  /** Codes that calls may be refused with meanwhile. */
  codes: readonly string[]
  /** Takes it away, and waits until that has been felt; gives what brings it back. */
  take(run: CrashRun, child: Child, random: Random): Promise<() => Promise<void> | void>
}

/** Waits until a call is refused for the reason. The program may be waiting for ends that cannot be written: it is told to ask. */
async function refused(run: CrashRun, child: Child, code: string): Promise<void> {
  const from = run.events().length
  const asking = setInterval(() => child.tell('ask'), 100)
  try {
    await until(
      `a call to be refused with ${code}`,
      () => run.events().some((event, line) => line >= from && event.what === 'refused' && event.code === code),
      20_000,
    )
  } finally {
    clearInterval(asking)
  }
}

const limit = (child: Child, what: string, value: number | 'unlimited'): void =>
  void execFileSync('prlimit', ['--pid', `${child.pid}`, `--${what}=${value}:`])

/** The disk, which must be small, has no room. */
export const FULL: Fault = {
  name: 'full disk',
  codes: ['STORAGE_FULL'],
  async take(run, child) {
    const ballast = join(dirname(run.database), 'ballast')
    const block = Buffer.alloc(65_536)
    const fill = (): void => {
      for (let size = block.length; size >= 4_096; size /= 2) {
        try {
          while (true) writeFileSync(ballast, block.subarray(0, size), { flag: 'a' })
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
        }
      }
    }
    fill()
    // What a checkpoint frees is filled too.
    const filling = setInterval(fill, 50)
    try {
      await refused(run, child, 'STORAGE_FULL')
      await pause(200)
    } catch (error) {
      rmSync(ballast)
      throw error
    } finally {
      clearInterval(filling)
    }
    return () => rmSync(ballast)
  },
}

/** Files may not grow. */
export const FILE_SIZE: Fault = {
  name: 'file-size limit',
  codes: ['STORAGE_FAILED', 'STORAGE_FULL'],
  async take(run, child) {
    const sizes = [run.database, `${run.database}-wal`, run.log.path].map(
      (path) => statSync(path, { throwIfNoEntry: false })?.size ?? 0,
    )
    limit(child, 'fsize', Math.max(...sizes) + 131_072)
    try {
      await refused(run, child, 'STORAGE_FAILED')
      await pause(200)
    } catch (error) {
      limit(child, 'fsize', 'unlimited')
      throw error
    }
    return () => limit(child, 'fsize', 'unlimited')
  },
}

/** No file can be opened, and a thread has to be replaced. */
export const DESCRIPTORS: Fault = {
  name: 'descriptor limit',
  codes: [],
  async take(run, child) {
    const open = readdirSync(`/proc/${child.pid}/fd`).map(Number)
    const before = execFileSync('prlimit', ['--pid', `${child.pid}`, '--nofile', '-o', 'SOFT', '--noheadings'], {
      encoding: 'utf8',
    })
    // Below the lowest number that is free.
    let free = 0
    while (open.includes(free)) free++
    limit(child, 'nofile', free)
    const from = run.events().length
    child.tell('exit a thread')
    await until('a thread to end', () => run.events().some((event, line) => line >= from && event.what === 'dying'))
    await pause(600)
    return () => limit(child, 'nofile', Number(before))
  },
}

/** Another connection holds the file's lock. */
export const LOCKED: Fault = {
  name: 'exclusive locker',
  codes: [],
  async take(run, child, random) {
    const unlock = lockFile(run.database)
    // The program may be waiting for ends that cannot be written. One statement waits for a second, so that the write of
    // what is asked for now is tried twice at least.
    child.tell('ask')
    await pause(integer(random, 2_500, 3_000))
    return unlock
  },
}

/** The path leads to another file, or to none; it is brought back, and the app started again. */
function lost(name: string, take: (database: string) => void): Fault {
  return {
    name,
    codes: ['DATABASE_REPLACED'],
    async take(run, child) {
      const kept = `${run.database}.kept`
      linkSync(run.database, kept)
      // What runs and has not been written down runs again, as when the process had died.
      run.log.write({ what: 'stop', victim: child.pid })
      take(run.database)
      if (!(await child.gives('crashed', 20_000))) throw new Error(`the process ended: ${child.output}`)
      await refused(run, child, 'DATABASE_REPLACED')
      return async () => {
        renameSync(kept, run.database)
        child.forget('working')
        child.tell('start')
        if (!(await child.gives('working', 20_000))) throw new Error(`the process ended: ${child.output}`)
      }
    },
  }
}

export const REMOVED = lost('file removed', (database) => unlinkSync(database))

export const REPLACED = lost('file replaced', (database) => {
  writeFileSync(`${database}.new`, '')
  renameSync(`${database}.new`, database)
})
