/** The application whose processes are killed: its tasks write down when they begin and how they end. */
import { existsSync, openSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { threadId } from 'node:worker_threads'
import { Celeriac, currentTask } from 'celeriac'
import { EventLog } from '../events.ts'
import { slotKey } from '../slot-key.ts'

const quiet = (): void => {}

export const database = process.env.CRASH_DATABASE!
export const log = new EventLog(process.env.CRASH_LOG!)
const heap = process.env.CRASH_HEAP

export const app = new Celeriac({
  name: 'crash',
  database,
  tasks: import.meta.url,
  concurrency: Number(process.env.CRASH_THREADS),
  logger: { debug: quiet, info: quiet, warn: quiet, error: (message) => console.error(message) },
  ...(heap !== undefined && { pool: { resourceLimits: { maxOldGenerationSizeMb: Number(heap) } } }),
})

let runs = 0

/** Writes that a run began, and gives the name that only this run has. */
function begin(key: string): string {
  const run = `${process.pid}.${threadId}.${++runs}`
  log.write({ what: 'began', key, run, attempt: currentTask().attempt })
  return run
}

function returns(key: string, run: string): string {
  log.write({ what: 'effect', key, run, ends: 'returns' })
  return run
}

function spin(milliseconds: number): void {
  const end = performance.now() + milliseconds
  while (performance.now() < end);
}

/** True once for each key, whichever process asks first. */
function first(key: string): boolean {
  try {
    openSync(`${log.path}.${key}`, 'wx')
    return true
  } catch {
    return false
  }
}

function die(key: string, run: string, signal: NodeJS.Signals = 'SIGKILL'): never {
  log.write({ what: 'dying', key, run, scope: 'process' })
  process.kill(process.pid, signal)
  while (true);
}

export const instant = app.task('instant', (key: string) => returns(key, begin(key)))

export const busy = app.task('busy', (key: string, milliseconds: number) => {
  const run = begin(key)
  spin(milliseconds)
  return returns(key, run)
})

export const waiting = app.task('waiting', async (key: string, milliseconds: number) => {
  const run = begin(key)
  await pause(milliseconds)
  return returns(key, run)
})

/** Throws on the attempts whose bit is set. */
export const flaky = app.task(
  'flaky',
  { retry: { maxRetries: 3, backoff: 'fixed', delay: 15, jitter: 'none' } },
  (key: string, milliseconds: number, failures: number) => {
    const run = begin(key)
    spin(milliseconds)
    if (((failures >> currentTask().attempt) & 1) === 0) return returns(key, run)
    log.write({ what: 'effect', key, run, ends: 'throws' })
    throw new Error(`planned by ${run}`)
  },
)

/** Enqueues another job while it runs. */
export const parent = app.task('parent', async (key: string, milliseconds: number) => {
  const run = begin(key)
  const child = `${key}.child`
  log.write({ what: 'asked', key: child })
  const { id } = await busy.applyAsync([child, milliseconds], { taskId: child })
  log.write({ what: 'acknowledged', key: child, id })
  return returns(key, run)
})

/** Hangs on its first attempt, so that only the death of its process can free it. */
export const hanging = app.task('hanging', async (key: string) => {
  const run = begin(key)
  if (currentTask().attempt === 1) await new Promise(() => {})
  return returns(key, run)
})

/** Goes on when the observer makes a file of this name. */
export const gated = app.task('gated', async (key: string, gate: string) => {
  const run = begin(key)
  while (!existsSync(gate)) await pause(2)
  return returns(key, run)
})

/** Kills its process once, at the moment given. */
export const dying = app.task('dying', async (key: string, when: 'began' | 'effect' | 'returned', delay: number) => {
  const run = begin(key)
  const now = first(key)
  if (now && when === 'began') die(key, run)
  const result = returns(key, run)
  if (now && when === 'effect') die(key, run)
  if (now) setTimeout(() => die(key, run), delay)
  return result
})

/** Kills its process each time. */
export const deadly = app.task('deadly', (key: string, signal: NodeJS.Signals) => die(key, begin(key), signal))

export const deadlyOnce = app.task('deadly_once', { onCrash: 'fail' }, (key: string) => die(key, begin(key)))

/** Ends its thread when told to, and is an ordinary short task otherwise. */
export const exiting = app.task('exiting', (key: string, exit: boolean) => {
  const run = begin(key)
  if (!exit) return returns(key, run)
  log.write({ what: 'dying', key, run, scope: 'thread' })
  process.exit(7)
})

export const exitingOnce = app.task('exiting_once', { onCrash: 'fail' }, (key: string) => {
  log.write({ what: 'dying', key, run: begin(key), scope: 'thread' })
  process.exit(7)
})

/** Fills its thread's heap with small objects. */
export const hungry = app.task('hungry', (key: string) => {
  log.write({ what: 'dying', key, run: begin(key), scope: 'thread' })
  const eaten: unknown[][] = []
  while (true) eaten.push(Array.from({ length: 1_000 }, (_, i) => ({ i })))
})

export const slotted = app.task('slotted', (name: string) => {
  const key = slotKey(name, currentTask().scheduledFor!.getTime())
  return returns(key, begin(key))
})
