import { setTimeout as pause } from 'node:timers/promises'
import type { Child, CrashRun } from '../../crash/children.ts'
import { integer, type Random } from '../../crash/random.ts'

export interface StormOptions {
  kills: number
  /** Processes on the file at the same time. */
  processes: number
  /** Share of the processes that only enqueue, as a web server does; they cost half of what one with a pool costs. */
  producers: number
  /** Longest time a process is left alone once it works, in ms. */
  window: number
  /** Processes that are suspended before they are killed. */
  suspended: { share: number; longest: number }
  /** A process that is suspended for longer may lose its jobs, in ms. */
  lease: number
}

/** Share of the producers that are killed from their first call on, while their file is still being opened. */
const UNANSWERED = 0.6
/** Share of the others that are killed while their pool is still starting. */
const EARLY = 0.25
/** Shortest time any other is left alone, in ms: enough to be handed its first job. */
const SETTLING = 5
/** Share of the suspended that work again before they are killed; the others are killed as they are. */
const WOKEN = 0.6

/**
 * Starts processes and kills each at a random instant after a sign of life: while it works, while its pool is still
 * starting, or while all that it does is to enqueue. Some are suspended before, at a random instant too, perhaps with the file's lock in their
 * hand. A killed one is replaced at once. Gives how many were suspended.
 */
export async function killStorm(run: CrashRun, random: Random, options: StormOptions): Promise<number> {
  const { kills, processes, producers, window, suspended, lease } = options
  let left = kills
  let suspensions = 0
  const keepKilling = async (): Promise<void> => {
    while (left-- > 0) {
      const consume = random() >= producers
      const early = random() < (consume ? EARLY : UNANSWERED)
      const sign = consume ? (early ? 'acknowledged' : 'working') : early ? 'asked' : 'acknowledged'
      const life = sign === 'working' ? SETTLING + random() * (window - SETTLING) : random() * window
      const suspension = random() < suspended.share ? random() * suspended.longest : null
      const after = random() < WOKEN ? random() * window : null
      const child = run.start('storm', { seed: integer(random, 0, 2 ** 31), consume })
      const alive = await child.gives(sign)
      if (alive) await pause(life)
      if (suspension !== null) {
        suspensions++
        await suspend(run, child, suspension, lease)
        if (after !== null) {
          child.process.kill('SIGCONT')
          await pause(after)
        }
      }
      if (!(await child.kill())) throw new Error(`process ${child.pid} ended by itself: ${child.output}`)
    }
  }
  await Promise.all(Array.from({ length: processes }, keepKilling))
  return suspensions
}

async function suspend(run: CrashRun, child: Child, milliseconds: number, lease: number): Promise<void> {
  if (milliseconds > lease) run.log.write({ what: 'stop', victim: child.pid })
  child.process.kill('SIGSTOP')
  await pause(milliseconds)
}
