import type { Sample } from '../case.ts'
import { expectEqual } from '../check.ts'
import { latency } from '../latency.ts'
import { loopWaitP99 } from './loop-wait.ts'
import type { Call, Queue } from './peer.ts'

export type CaseName = 'enqueue' | 'bulk' | 'drain' | 'round-trip' | 'cpu' | 'crash'

export interface Size {
  readonly enqueue: number
  readonly bulk: number
  readonly drain: number
  readonly roundTrips: number
  readonly fibs: number
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
  crashJobs: 200,
  crashWait: 90,
}
export const QUICK: Size = {
  enqueue: 200,
  bulk: 2_000,
  drain: 2_000,
  roundTrips: 20,
  fibs: 100,
  crashJobs: 50,
  crashWait: 10,
}

const noops = (n: number): Call[] => Array.from({ length: n }, (_, i) => ({ task: 'noop', argument: i }))
const FIB = 27
const AT_ONCE = 100

/** Stores jobs as a drain needs them: by the bulk call, or 100 calls in flight where there is none. */
export async function store(queue: Queue, calls: readonly Call[]): Promise<void> {
  if (queue.enqueueMany) return void (await queue.enqueueMany(calls))
  for (let i = 0; i < calls.length; i += AT_ONCE) {
    await Promise.all(calls.slice(i, i + AT_ONCE).map((call) => queue.enqueue(call)))
  }
}

type Run = (queue: Queue, size: Size) => Promise<Sample | null>

/** Each in a process of its own with nothing stored; `null` where the peer has no means. The crash is in crash.ts. */
export const RUNS: Readonly<Record<Exclude<CaseName, 'crash'>, Run>> = {
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

  drain: async (queue, { drain }) => {
    await store(queue, noops(drain))
    const began = performance.now()
    await queue.work()
    await queue.drained(drain)
    return { perSecond: (drain / (performance.now() - began)) * 1000 }
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
