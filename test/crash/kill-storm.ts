import { setTimeout as pause } from 'node:timers/promises'
import type { CrashRun } from './children.ts'
import { integer, type Random } from './random.ts'

export interface StormOptions {
  kills: number
  /** Processes on the file at the same time. */
  processes: number
  /** Longest time a process is left alone once it works, in ms. */
  window?: number
}

/** Share of the processes that are killed while their pool is still starting. */
const EARLY = 0.2
/** Shortest time any other is left alone, in ms: enough to be handed its first job. */
const SETTLING = 5

/**
 * Starts processes and kills each at a random instant after its first sign of life: most while it works, some while
 * its pool is still starting. A killed one is replaced at once.
 */
export async function killStorm(run: CrashRun, random: Random, options: StormOptions): Promise<void> {
  const { kills, processes, window = 75 } = options
  let left = kills
  const keepKilling = async (): Promise<void> => {
    while (left-- > 0) {
      const early = random() < EARLY
      const life = early ? random() * window : SETTLING + random() * (window - SETTLING)
      const child = run.start('storm', { seed: integer(random, 0, 2 ** 31) })
      const alive = await child.gives(early ? 'acknowledged' : 'working')
      if (alive) await pause(life)
      if (!(await child.kill())) throw new Error(`process ${child.pid} ended by itself: ${child.output}`)
    }
  }
  await Promise.all(Array.from({ length: processes }, keepKilling))
}
