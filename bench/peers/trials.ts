import { type ChildProcess, fork } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Sample } from '../case.ts'
import { type CaseName, type CrashLog, crashSample, readCrashLog, type Size } from './cases.ts'
import type { Peer, PeerEnv } from './peer.ts'
import { usageOf } from './usage.ts'
import { VICTIM } from './work.ts'

export type Outcome = { readonly sample: Sample | null } | { readonly failed: string }

export interface Place {
  readonly root: string
  readonly packages: string
  readonly url: string | null
  /** Process of the service. */
  readonly service: number | null
  /** Node that runs the peer. */
  readonly node: string
  /** Removes from the service what a trial left there. */
  readonly clear: (namespace: string) => Promise<void>
  readonly size: Size
  readonly threads: number
  /** Longest one trial may take, in seconds. */
  readonly timeLimit: number
  /** Told when a trial does little more than wait, so that another may begin beside it. */
  readonly waits: () => void
  /** Told of each group of processes, and of its end. */
  readonly watch: (group: number, alive: boolean) => void
}

/** Milliseconds. */
const SETTLES = 2_000
let trials = 0
const running = new Set<ChildProcess>()
const killAll = (): void => running.forEach(kill)
process.on('exit', killAll)

/** One trial in a fresh folder and under a fresh name. Never throws: what went wrong is the outcome. */
export async function runTrial(peer: Peer, what: CaseName, place: Place): Promise<Outcome> {
  const dir = mkdtempSync(join(place.root, 'trial-'))
  const { packages, url, threads } = place
  const env: PeerEnv = { dir, packages, url, namespace: `t${process.pid}_${++trials}`, threads }
  try {
    if (what === 'crash') return { sample: await crash(peer, env, place) }
    if (what === 'idle') return { sample: await idle(peer, env, place) }
    const session = open(peer, env, place, what)
    try {
      return await session.answer
    } finally {
      kill(session.child)
      await session.closed
    }
  } catch (error) {
    return { failed: error instanceof Error ? error.message : String(error) }
  } finally {
    rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
    await place.clear(env.namespace)
  }
}

/** Watches a worker with nothing to do, and the server that it needs. */
async function idle(peer: Peer, env: PeerEnv, place: Place): Promise<Sample | null> {
  const session = open(peer, env, place, 'idle')
  try {
    const ready = await session.answer
    if ('failed' in ready) throw new Error(ready.failed)
    // What follows the last job: statistics, checkpoints, the last round of a poll.
    await sleep(SETTLES)
    const pids = [session.child.pid, place.service].filter((pid): pid is number => pid != null)
    const [before, began] = [usageOf(pids), performance.now()]
    await sleep(place.size.idle * 1000)
    const [after, seconds] = [usageOf(pids), (performance.now() - began) / 1000]
    return before && after ? { percent: ((after.cpu - before.cpu) / seconds) * 100, megabytes: after.memory } : null
  } finally {
    kill(session.child)
    await session.closed
  }
}

/** Kills a process that works, starts another, and waits for what was acknowledged. */
async function crash(peer: Peer, env: PeerEnv, place: Place): Promise<Sample> {
  const log = join(env.dir, 'log')
  const { crashJobs, crashWait } = place.size
  const victim = open(peer, env, place, 'victim')
  const held = Math.floor(crashJobs / 2)
  try {
    const stored = await victim.answer
    if ('failed' in stored) throw new Error(stored.failed)
    await until(() => read(log).held, place.timeLimit, 'the job to be killed under never began')
  } finally {
    kill(victim.child)
    await victim.closed
  }
  const killed = performance.now()
  const before = read(log)
  const survivor = open(peer, env, place, 'survivor')
  try {
    const started = await survivor.answer
    if ('failed' in started) throw new Error(started.failed)
    place.waits()
    let again = Number.NaN
    const deadline = killed + crashWait * 1000
    while (performance.now() < deadline) {
      const now = read(log)
      if (Number.isNaN(again) && now.survivor.includes(held)) again = (performance.now() - killed) / 1000
      if (new Set([...now.victim, ...now.survivor]).size === crashJobs) break
      await sleep(10)
    }
    // Anything that runs twice does so by now: the survivor has nothing else to do.
    await sleep(500)
    return { ...crashSample(read(log), crashJobs), seconds: again, before: before.victim.length }
  } finally {
    kill(survivor.child)
    await survivor.closed
  }
}

const read = (log: string): CrashLog => readCrashLog(existsSync(log) ? readFileSync(log, 'utf8') : '')

async function until(condition: () => boolean, seconds: number, otherwise: string): Promise<void> {
  const deadline = performance.now() + seconds * 1000
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`${otherwise} within ${seconds} s`)
    await sleep(10)
  }
}

/** A process of its own, with a group of its own, so that a kill takes what the peer itself started. */
function open(peer: Peer, env: PeerEnv, { size, node, timeLimit, watch }: Place, what: string) {
  const { [VICTIM]: _, ...rest } = process.env
  const child = fork(
    fileURLToPath(new URL('./session.js', import.meta.url)),
    [peer.name, JSON.stringify(env), JSON.stringify(size), what],
    {
      cwd: env.dir,
      execPath: node,
      detached: true,
      execArgv: [],
      env: what === 'victim' ? { ...rest, [VICTIM]: '1' } : rest,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    },
  )
  running.add(child)
  if (child.pid !== undefined) watch(-child.pid, true)
  let said = ''
  const listen = (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-2_000)
  }
  child.stdout?.on('data', listen)
  child.stderr?.on('data', listen)
  const closed = new Promise<void>((resolve) => {
    // Never started, so it never exits.
    child.once('error', () => resolve())
    child.once('exit', () => {
      running.delete(child)
      // Whatever the session started is of its group and ends with it.
      kill(child)
      if (child.pid !== undefined) watch(-child.pid, false)
      resolve()
    })
  })
  const answer = new Promise<Outcome>((resolve) => {
    const timer = setTimeout(() => resolve({ failed: `was not done after ${timeLimit} s` }), timeLimit * 1000)
    const end = (outcome: Outcome) => {
      clearTimeout(timer)
      resolve(outcome)
    }
    child.once('message', (message) => end(message as Outcome))
    child.once('error', (error) => end({ failed: error.message }))
    child.once('exit', (code, signal) => {
      const lines = said.trim().split('\n')
      const last = lines.findLast((line) => /Error/.test(line)) ?? lines.at(-1) ?? ''
      end({ failed: `its process ended with ${signal ?? code}${last === '' ? '' : `: ${last.slice(0, 200)}`}` })
    })
  })
  return { child, answer, closed }
}

function kill(child: ChildProcess): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, 'SIGKILL')
  } catch {
    // Gone already.
  }
}
