/** Does a bit of everything for so many seconds, and says how it fares. */
import { readdirSync, statSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { isMainThread } from 'node:worker_threads'
import { type AsyncResult, Celeriac, type Task, TaskFailure, TaskRevoked } from 'celeriac'
import { integer, seeded } from '../../crash/random.ts'
import { openFiles } from '../open-files.ts'
import type { Sample } from './sample.ts'

const [database, seconds, every, seed] = process.argv.slice(2) as [string, string, string, string]
const quiet = (): void => {}

export const app = new Celeriac({
  name: 'soak',
  // A pool thread has no arguments, and opens nothing by itself.
  database: database ?? 'unused.db',
  tasks: import.meta.url,
  concurrency: 2,
  retention: { success: 1_000, failure: 1_000, revoked: 1_000, expired: 1_000 },
  logger: { debug: quiet, info: quiet, warn: quiet, error: (message) => console.error(message) },
})
const retry = { maxRetries: 2, delay: 5, jitter: 'none' } as const

const succeed = app.task('succeed', (text: string) => text)
const fail = app.task('fail', (text: string) => {
  throw new Error(text)
})
const retried = app.task('retried', { retry }, (text: string) => {
  throw new Error(text)
})
const limited = app.task('limited', { rateLimit: '100/s' }, (text: string) => text)
const keyed = app.task(
  'keyed',
  { concurrency: { limit: 1, key: (text: string) => text.slice(0, 8) } },
  (text: string) => text,
)
const inMain = app.task('in_main', { runIn: 'main' }, async (text: string) => text)
const tick = app.task('tick', () => {})

/** One in ten calls each; the others succeed. */
const CALLS: readonly (readonly [Task<(text: string) => unknown>, Ends])[] = [
  [fail, 'failure'],
  [retried, 'failure'],
  [limited, 'success'],
  [keyed, 'success'],
  [inMain, 'success'],
  [succeed, 'revoked'],
]
/** Longest that a job may take, in ms. */
const PATIENCE = 60_000
const began = performance.now()
let latencies: number[] = []

async function produce(random: () => number): Promise<void> {
  const end = began + Number(seconds) * 1_000
  while (performance.now() < end) {
    const text = 'x'.repeat(integer(random, 1, 200))
    const at = performance.now()
    const { handle, ends } = await call(random, text)
    const outcome = await outcomeOf(handle, text)
    if (outcome !== `${ends} ${text}`) {
      // Whatever ends this process is told by the suite.
      console.error(`job ${handle.id} was to end in ${ends} ${text}: ${outcome}`)
      process.exit(1)
    }
    latencies.push(performance.now() - at)
    await pause(2)
  }
}

type Ends = 'success' | 'failure' | 'revoked'
interface Called {
  handle: AsyncResult<unknown>
  ends: Ends
}

async function call(random: () => number, text: string): Promise<Called> {
  const [to, ends] = CALLS[integer(random, 0, 9)] ?? [succeed, 'success']
  if (ends !== 'revoked') return { handle: await to.delay(text), ends }
  const handle = await to.applyAsync([text], { countdown: '1h' })
  await handle.revoke()
  return { handle, ends }
}

async function outcomeOf(handle: AsyncResult<unknown>, text: string): Promise<string> {
  try {
    return `success ${await handle.get({ timeout: PATIENCE })}`
  } catch (error) {
    if (error instanceof TaskFailure) return `failure ${(error.cause as Error).message}`
    return error instanceof TaskRevoked ? `revoked ${text}` : String(error)
  }
}

async function sample(): Promise<Sample> {
  globalThis.gc?.()
  const { heapUsed, rss } = process.memoryUsage()
  const { states } = await app.inspect.stats()
  const sorted = latencies.sort((a, b) => a - b)
  latencies = []
  return {
    at: (performance.now() - began) / 1_000,
    heap: heapUsed,
    rss,
    files: openFiles(),
    threads: readdirSync('/proc/self/task').length,
    wal: statSync(`${database}-wal`, { throwIfNoEntry: false })?.size ?? 0,
    rows: (states.SUCCESS ?? 0) + (states.FAILURE ?? 0) + (states.REVOKED ?? 0),
    latency: sorted[Math.floor(sorted.length / 2)] ?? 0,
    jobs: sorted.length,
  }
}

if (isMainThread) {
  app.schedule('tick', { every: '1s', run: tick.s() })
  await app.start()
  const random = seeded(Number(seed))
  const sampling = setInterval(() => void sample().then((line) => console.log(JSON.stringify(line))), Number(every))
  await Promise.all(Array.from({ length: 4 }, () => produce(random)))
  clearInterval(sampling)
  await app.stop()
}
