/** The application whose processes are killed: its tasks write down when they begin and how they end. */
import { existsSync, openSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { parentPort } from 'node:worker_threads'
import { Celeriac, currentTask } from 'celeriac'
import { EventLog } from '../events.ts'
import type { PoisonWay } from '../poison-ways.ts'
import { slotKey } from '../slot-key.ts'
import { runsIn, spin } from './runs.ts'

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

const { begin, returns } = runsIn(log)

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

/** Ends its thread when told to, and is an ordinary short task otherwise. */
export const exiting = app.task('exiting', (key: string, exit: boolean) => {
  const run = begin(key)
  if (!exit) return returns(key, run)
  log.write({ what: 'dying', key, run, scope: 'thread' })
  process.exit(7)
})

/** A failure that the checker knows as this run's own. */
function fails(key: string, run: string, cause?: unknown): Error {
  log.write({ what: 'effect', key, run, ends: 'throws' })
  return new Error(`planned by ${run}`, { cause })
}

/** Throws what `attack` throws, which is all that may come of it. */
function backfires(key: string, run: string, attack: () => void): never {
  try {
    attack()
  } catch (error) {
    throw fails(key, run, error)
  }
  throw fails(key, run)
}

const recurse = (): number => 1 + recurse()

const POISONS: Record<PoisonWay, (key: string, run: string) => unknown> = {
  SIGKILL: (key, run) => die(key, run, 'SIGKILL'),
  SIGSEGV: (key, run) => die(key, run, 'SIGSEGV'),
  SIGABRT: (key, run) => die(key, run, 'SIGABRT'),
  'one array': (key, run) => {
    log.write({ what: 'dying', key, run, scope: 'thread' })
    const eaten: number[] = []
    for (let i = 0; ; i++) eaten.push(i)
  },
  exit: (key, run) => {
    log.write({ what: 'dying', key, run, scope: 'thread' })
    process.exit(7)
  },
  reallyExit: (key, run) => {
    log.write({ what: 'dying', key, run, scope: 'thread' })
    ;(process as unknown as { reallyExit(code: number): never }).reallyExit(7)
    while (true);
  },
  objects: (key, run) => {
    log.write({ what: 'dying', key, run, scope: 'thread' })
    const eaten: unknown[][] = []
    while (true) eaten.push(Array.from({ length: 1_000 }, (_, i) => ({ i })))
  },
  deaf: (key, run) => {
    log.write({ what: 'dying', key, run, scope: 'thread' })
    process.removeAllListeners()
    setTimeout(() => {
      throw new Error(`planned by ${run}`)
    }, 5)
    return new Promise(() => {})
  },
  abort: (key, run) => backfires(key, run, () => process.abort()),
  buffer: (key, run) => backfires(key, run, () => new ArrayBuffer(2 ** 50)),
  stack: (key, run) => backfires(key, run, recurse),
  timer: (key, run) => {
    setTimeout(() => {
      throw fails(key, run)
    }, 5)
    return new Promise(() => {})
  },
  rejection: (key, run) => {
    setTimeout(() => void Promise.reject(fails(key, run)), 5)
    return new Promise(() => {})
  },
  loop: () => {
    while (true);
  },
  // Goes off under whatever runs by then.
  bomb: (key, run) => {
    setTimeout(() => {
      throw new Error('a bomb of another job')
    }, 15)
    return returns(key, run)
  },
  port: (key, run) => {
    parentPort?.close()
    return returns(key, run)
  },
  nonsense: (key, run) => {
    for (const message of [null, 'nonsense', { taskId: -1 }, { ready: true }]) parentPort?.postMessage(message)
    return returns(key, run)
  },
}

/** Does the worst to its thread or process, each time. */
export const poison = app.task('poison', (key: string, way: PoisonWay) => POISONS[way](key, begin(key)))

/** The same once: it is failed with the first thread or process that it takes along. */
export const poisonOnce = app.task('poison_once', { onCrash: 'fail' }, (key: string, way: PoisonWay) =>
  POISONS[way](key, begin(key)),
)

export const endless = app.task('endless', { timeLimit: 200 }, (key: string) => POISONS.loop(key, begin(key)))

export const slotted = app.task('slotted', (name: string) => {
  const key = slotKey(name, currentTask().scheduledFor!.getTime())
  return returns(key, begin(key))
})
