/** The jobs themselves: the same functions for every peer, on whatever thread it runs them. */
import { appendFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { fib } from '../functions.ts'
import type { TaskName } from './peer.ts'

export interface Step {
  /** Log of all processes: a line `process number` for each job that ended. */
  readonly log: string
  readonly number: number
  readonly ms: number
  /** In the process that will be killed: say so in the log, and never end. */
  readonly holds: boolean
}

export const VICTIM = 'BENCH_PEERS_VICTIM'

export async function step({ log, number, ms, holds }: Step): Promise<null> {
  const victim = process.env[VICTIM] !== undefined
  if (holds && victim) {
    appendFileSync(log, `held ${number}\n`)
    // Keeps the process that waits for it alive, as work would.
    await new Promise((resolve) => setTimeout(resolve, 2 ** 31 - 1))
  }
  await sleep(ms)
  appendFileSync(log, `${victim ? 'victim' : 'survivor'} ${number}\n`)
  return null
}

export async function run(task: TaskName, argument: unknown): Promise<unknown> {
  if (task === 'fib') return fib(argument as number)
  if (task === 'step') return await step(argument as Step)
  return null
}
