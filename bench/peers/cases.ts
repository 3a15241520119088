import { setTimeout as sleep } from 'node:timers/promises'
import type { Sample } from '../case.ts'
import { expectEqual } from '../check.ts'
import { latency } from '../latency.ts'
import { loopWaitP99 } from './loop-wait.ts'
import type { Call, Queue } from './peer.ts'

export type CaseName = 'enqueue' | 'bulk' | 'drain' | 'round-trip' | 'cpu' | 'backlog' | 'idle' | 'crash'
/** What one process measures by itself; the other two are measured from outside. */
export type OwnCase = Exclude<CaseName, 'crash' | 'idle'>

export interface Size {
  readonly enqueue: number
  readonly bulk: number
  readonly drain: number
  readonly roundTrips: number
  readonly fibs: number
  /** Longest that storing jobs for a drain may take, in seconds: a peer without a bulk call drains what it stored by then. */
  readonly storeSeconds: number
  /** Jobs that are queued, and then finished. */
  readonly backlog: number
  /** Longest that storing the backlog may take, in seconds. */
  readonly backlogSeconds: number
  /** Longest that running it may take for the round trip after it to be waited for, in seconds. */
  readonly finishSeconds: number
  /** How long an idle worker is watched, in seconds. */
  readonly idle: number
  /** Jobs around the one that is held when the process is killed. */
  readonly crashJobs: number
  /** Longest wait for jobs to run again, in seconds. */
  readonly crashWait: number
}

export const FULL: Size = {
  enqueue: 2_000,
  bulk: 20_000,
  drain: 50_000,
  roundTrips: 200,
  fibs: 2_000,
  storeSeconds: 10,
  backlog: 1_000_000,
  backlogSeconds: 60,
  finishSeconds: 100,
  idle: 8,
  crashJobs: 200,
  crashWait: 90,
}
export const QUICK: Size = {
  enqueue: 200,
  bulk: 2_000,
  drain: 2_000,
  roundTrips: 20,
  fibs: 100,
  storeSeconds: 3,
  backlog: 5_000,
  backlogSeconds: 4,
  finishSeconds: 4,
  idle: 1,
  crashJobs: 50,
  crashWait: 10,
}

const noops = (n: number): Call[] => Array.from({ length: n }, (_, i) => ({ task: 'noop', argument: i }))
const FIB = 27
const AT_ONCE = 100
const BULK = 10_000

/** Stores jobs as a drain needs them: by the bulk call, or 100 calls in flight where there is none. */
export async function store(queue: Queue, calls: readonly Call[]): Promise<void> {
  if (queue.enqueueMany) return void (await queue.enqueueMany(calls))
  for (let i = 0; i < calls.length; i += AT_ONCE) {
    await Promise.all(calls.slice(i, i + AT_ONCE).map((call) => queue.enqueue(call)))
  }
}

/** `--size drain=1000,idle=30`. */
export function sized(size: Size, text: string): Size {
  const changes = text
    .split(',')
    .filter(Boolean)
    .map((part) => {
      const [name = '', value] = part.split('=')
      if (!(name in size)) throw new Error(`no size '${name}'; there are ${Object.keys(size).join(', ')}`)
      if (!(Number(value) > 0)) throw new Error(`--size ${part}: not a number above 0`)
      return [name, Number(value)]
    })
  return { ...size, ...Object.fromEntries(changes) }
}

/** Stores up to `n` no-ops, stopping when the time is over. Answers how many. */
export async function fill(queue: Queue, n: number, seconds: number): Promise<number> {
  const deadline = performance.now() + seconds * 1000
  const chunk = queue.enqueueMany ? BULK : AT_ONCE
  let stored = 0
  while (stored < n && (stored === 0 || performance.now() < deadline)) {
    const count = Math.min(chunk, n - stored)
    await store(queue, noops(count))
    stored += count
  }
  return stored
}

type Run = (queue: Queue, size: Size) => Promise<Sample | null>

/** Each in a process of its own with nothing stored; `null` where the peer has no means. Crash and idle are in trials.ts. */
export const RUNS: Readonly<Record<OwnCase, Run>> = {
  enqueue: async (queue, { enqueue }) => {
    const { perSecond, p50, p99 } = await latency(() => queue.enqueue({ task: 'noop', argument: 0 }), enqueue, 20)
    return { perSecond, p50, p99 }
  },

  bulk: async (queue, { bulk }) => {
    if (!queue.enqueueMany) return null
    const calls = noops(bulk)
    await queue.enqueueMany(noops(100))
    const began = performance.now()
    await queue.enqueueMany(calls)
    return { perSecond: (bulk / (performance.now() - began)) * 1000 }
  },

  drain: async (queue, { drain, storeSeconds }) => {
    const jobs = await fill(queue, drain, storeSeconds)
    const began = performance.now()
    await queue.work()
    await queue.drained(jobs)
    return { perSecond: (jobs / (performance.now() - began)) * 1000, jobs }
  },

  'round-trip': async (queue, { roundTrips }) => {
    if (!queue.roundTrip) return null
    await queue.work()
    const { p50, p99 } = await latency(queue.roundTrip, roundTrips, 10)
    return { p50, p99 }
  },

  cpu: async (queue, { fibs }) => {
    await queue.work()
    // Threads and processes of a peer have started by then.
    await store(queue, noops(1))
    await queue.drained(1)
    const calls = Array.from({ length: fibs }, (): Call => ({ task: 'fib', argument: FIB }))
    let seconds = 0
    const loopP99 = await loopWaitP99(async () => {
      const began = performance.now()
      await store(queue, calls)
      await queue.drained(fibs + 1)
      seconds = (performance.now() - began) / 1000
    })
    return { seconds, loopP99 }
  },

  backlog: async (queue, { backlog, backlogSeconds, finishSeconds, roundTrips }) => {
    const queued = await fill(queue, backlog, backlogSeconds)
    await queue.settle?.()
    const wait = queue.wait ?? sleep
    await queue.work()
    // Threads and processes start, and what starts with a batch has it behind it.
    await until(async () => (await queue.ended()) > 0, START_WITHIN, wait)
    await wait(1_000)
    const rate = await rateOver(queue, RATE_SECONDS, wait)
    const left = queued - (await queue.ended())
    const perSecond = rate ?? Number.NaN
    // What would not be over in time is not waited for.
    const finished = left === 0 || (rate !== null && left / rate <= finishSeconds)
    if (!finished || !queue.roundTrip) return { queued, perSecond, finished: Number.NaN, p50: Number.NaN }
    await queue.drained(queued)
    const { p50 } = await latency(queue.roundTrip, Math.min(roundTrips, 50), 5)
    return { queued, perSecond, finished: queued, p50 }
  },
}

const START_WITHIN = 30
const RATE_SECONDS = 3

type Wait = (ms: number) => Promise<unknown>

/** Jobs that end in a second, over some; `null` when too few were left to see a rate. */
async function rateOver(queue: Queue, seconds: number, wait: Wait): Promise<number | null> {
  const [before, began] = [await queue.ended(), performance.now()]
  await wait(seconds * 1000)
  const [after, ended] = [await queue.ended(), performance.now()]
  return after > before ? ((after - before) / (ended - began)) * 1000 : null
}

async function until(condition: () => Promise<boolean>, seconds: number, wait: Wait): Promise<void> {
  const deadline = performance.now() + seconds * 1000
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`no job had ended after ${seconds} s`)
    await wait(10)
  }
}

export interface CrashLog {
  /** Numbers of the jobs that ended, by process. */
  readonly victim: readonly number[]
  readonly survivor: readonly number[]
  readonly held: boolean
}

export function readCrashLog(text: string): CrashLog {
  const lines = text.split('\n').filter(Boolean)
  const of = (who: string) =>
    lines.filter((line) => line.startsWith(`${who} `)).map((line) => Number(line.slice(who.length + 1)))
  return { victim: of('victim'), survivor: of('survivor'), held: of('held').length > 0 }
}

/** What the kill cost: `missing` of the acknowledged jobs had not run when the wait was over. */
export function crashSample(log: CrashLog, jobs: number): { missing: number; twice: number } {
  const ran = [...log.victim, ...log.survivor]
  const different = new Set(ran)
  expectEqual([...different].filter((n) => !(n >= 0 && n < jobs)).length, 0, 'jobs that nobody asked for')
  return { missing: jobs - different.size, twice: ran.length - different.size }
}
