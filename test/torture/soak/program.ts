/** Does a bit of everything for so many seconds, and says how it fares. */
import { readdirSync, statSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { isMainThread } from 'node:worker_threads'
import { type AsyncResult, Celeriac, type Task, TaskFailure, TaskRevoked, UnknownTask } from 'celeriac'
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

/** What one run of a task answers, and no other run of the same job. */
const once = (text: string): string => `${text} ${process.hrtime.bigint()}`
const throws = (text: string): never => {
  throw new Error(once(text))
}
const succeed = app.task('succeed', once)
const fail = app.task('fail', throws)
const retried = app.task('retried', { retry }, throws)
const limited = app.task('limited', { rateLimit: '100/s' }, once)
const keyed = app.task('keyed', { concurrency: { limit: 1, key: (text: string) => text.slice(0, 8) } }, once)
const inMain = app.task('in_main', { runIn: 'main' }, async (text: string) => once(text))
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
/** Jobs of the same producer after which one that ended is looked at again, in the file. */
const LATER = 10
const GONE = 'not in the file'
const began = performance.now()
let latencies: number[] = []

async function produce(random: () => number): Promise<void> {
  const end = began + Number(seconds) * 1_000
  const told: { id: string; outcome: string; text: string }[] = []
  while (performance.now() < end) {
    const text = 'x'.repeat(integer(random, 1, 200))
    const at = performance.now()
    const { handle, ends } = await call(random, text)
    const outcome = await outcomeOf(handle, text)
    latencies.push(performance.now() - at)
    if (!outcome.startsWith(`${ends} ${text} `)) wrong(`job ${handle.id} was to end in ${ends} ${text}: ${outcome}`)
    told.push({ id: handle.id, outcome, text })
    if (told.length > LATER) await stillSo(told.shift() as (typeof told)[number])
    await pause(2)
  }
}

/** A job that ran again after it was told to have ended says something else. */
async function stillSo({ id, outcome, text }: { id: string; outcome: string; text: string }): Promise<void> {
  const now = await outcomeOf(app.result(id), text, PATIENCE / 4)
  if (now !== outcome && now !== GONE) wrong(`job ${id} was told to have ended in ${outcome}, and says later: ${now}`)
}

/** Whatever ends this process is told by the suite. */
function wrong(text: string): never {
  console.error(text)
  process.exit(1)
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

async function outcomeOf(handle: AsyncResult<unknown>, text: string, timeout = PATIENCE): Promise<string> {
  try {
    return `success ${await handle.get({ timeout })}`
  } catch (error) {
    if (error instanceof TaskFailure) return `failure ${(error.cause as Error).message}`
    if (error instanceof UnknownTask) return GONE
    return error instanceof TaskRevoked ? `revoked ${text} ` : String(error)
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
