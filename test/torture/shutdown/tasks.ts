/** The application that is stopped: tasks that heed the signal to end, and tasks that do not. */
import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { Celeriac, currentTask } from 'celeriac'
import { runsIn, spin } from '../../crash/children/runs.ts'
import { EventLog } from '../../crash/events.ts'
import { slotKey } from '../../crash/slot-key.ts'

const quiet = (): void => {}

/** Which start of the app this is, over all its processes: a pool thread is told when it begins. */
export const life = (): number => Number(process.env.TORTURE_LIFE)
export const log = new EventLog(process.env.CRASH_LOG!, life)
export const errors: string[] = []

export const app = new Celeriac({
  name: 'shutdown',
  database: process.env.CRASH_DATABASE!,
  tasks: import.meta.url,
  concurrency: Number(process.env.CRASH_THREADS),
  shutdown: { drain: 120, grace: 80 },
  logger: { debug: quiet, info: quiet, warn: quiet, error: (message) => void errors.push(message) },
})

const { begin, returns } = runsIn(log, life)

/** Waits; told to end, it does so with the reason. */
async function heeds(milliseconds: number): Promise<void> {
  await pause(milliseconds, undefined, { signal: currentTask().signal }).catch(() => {
    throw currentTask().signal.reason
  })
}

export const instant = app.task('instant', (key: string) => returns(key, begin(key)))

export const busy = app.task('busy', (key: string, milliseconds: number) => {
  const run = begin(key)
  spin(milliseconds)
  return returns(key, run)
})

export const flaky = app.task(
  'flaky',
  { retry: { maxRetries: 2, backoff: 'fixed', delay: 10, jitter: 'none' } },
  (key: string, failures: number) => {
    const run = begin(key)
    if (currentTask().attempt > failures) return returns(key, run)
    log.write({ what: 'effect', key, run, ends: 'throws' })
    throw new Error(`planned by ${run}`)
  },
)

/** Long until the life `upTo` is over, and short in later ones; ends when it is told to. */
export const heeding = app.task('heeding', async (key: string, upTo: number) => {
  const run = begin(key)
  if (life() <= upTo) await heeds(60_000)
  return returns(key, run)
})

/** The same, and hears nothing. */
export const deaf = app.task('deaf', async (key: string, upTo: number) => {
  const run = begin(key)
  if (life() <= upTo) await pause(60_000)
  return returns(key, run)
})

/** The same, and its thread never waits. */
export const looping = app.task('looping', (key: string, upTo: number) => {
  const run = begin(key)
  while (life() <= upTo);
  return returns(key, run)
})

/** The same, within a system call that nothing ends until somebody writes into the pipe. */
export const native = app.task('native', (key: string, pipe: string, upTo: number) => {
  const run = begin(key)
  if (life() <= upTo) readFileSync(pipe)
  return returns(key, run)
})

export const inMain = app.task(
  'in_main',
  { runIn: 'main' },
  async (key: string, milliseconds: number, upTo: number) => {
    const run = begin(key)
    spin(milliseconds)
    if (life() <= upTo) await heeds(60_000)
    return returns(key, run)
  },
)

/** Nobody can end it: it is handed back while it waits, and says nothing once it is let go. */
export const deafInMain = app.task('deaf_in_main', { runIn: 'main' }, async (key: string, upTo: number) => {
  const run = begin(key)
  if (life() > upTo) return returns(key, run)
  await new Promise(quiet)
  return run
})

export const slotted = app.task('slotted', (name: string) => {
  const key = slotKey(name, currentTask().scheduledFor!.getTime())
  return returns(key, begin(key))
})
