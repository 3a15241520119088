/** Stops an app at any instant: in time, with nothing lost, no attempt taken and nothing left behind. */
import { spawn } from 'node:child_process'
import { closeSync, constants, openSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { CrashRun, type Package, REAL_PACKAGE } from '../../crash/children.ts'
import { until } from '../../crash/conditions.ts'
import type { CrashEvent } from '../../crash/events.ts'
import { historyOf } from '../../crash/job-history.ts'
import { integer, type Random } from '../../crash/random.ts'
import { judge } from '../../crash/verdict.ts'
import { pressure } from '../pressure.ts'
import type { Size, Suite, SuiteContext, SuiteReport } from '../suite.ts'
import { missingCommand } from '../tools.ts'
import type { CycleOrders } from './cycles.ts'
import { readStops, type Stop, type Way } from './stops.ts'

const INSTANTS: Record<Size, number> = { short: 50, nightly: 5_000, release: 10_000 }
/** Instants on one file: the last process works off what they left, and its log is read as one. */
const INSTANTS_A_FILE = 50
/** How many of them are stops of the command, in a process of its own each. */
const COMMANDS = 0.06
const THREADS = 2
/** What a stop may take beyond its own times, in ms. */
const SLACK = 1_000
/** Most of the time that the machine was busy with others that is not counted, in ms. */
const BUSY = 3_000
/** Jobs of one life that a stop may interrupt: those of both threads, and those on the main thread. */
const INTERRUPTED = THREADS + 16

export interface StopOptions {
  instants: number
  random: Random
  pkg?: Package
  /** Default: all of them. */
  ways?: readonly Way[]
  /** Stops of the command among the instants. Default: a share of them. */
  commands?: number
  progress?: (done: number) => void
}

export interface StopsReport {
  stops: number
  /** Longest time that one took beyond drain and grace, in ms, and how long the machine was busy meanwhile. */
  latest: number
  latestBusy: number
  /** Jobs that a stop interrupted, and that ran again. */
  interrupted: number
  violations: string[]
}

export async function stopAtAnyInstant(options: StopOptions): Promise<StopsReport> {
  const { instants, random, pkg = REAL_PACKAGE, ways, progress } = options
  const report: StopsReport = { stops: 0, latest: 0, latestBusy: 0, interrupted: 0, violations: [] }
  while (report.stops < instants) {
    const here = Math.min(INSTANTS_A_FILE, instants - report.stops)
    const commands = options.commands ?? Math.min(here, Math.ceil(here * COMMANDS))
    const run = new CrashRun({ pkg, threads: THREADS, programs: 'dist/test/torture/shutdown' })
    try {
      const stops = await stopsOf(run, here - commands, commands, random, ways)
      report.stops += here
      look(run, stops, report)
    } finally {
      await run.end()
    }
    progress?.(report.stops)
  }
  return report
}

async function stopsOf(
  run: CrashRun,
  cycles: number,
  commands: number,
  random: Random,
  ways: readonly Way[] | undefined,
): Promise<Stop[]> {
  const lives = Array.from({ length: commands }, (_, i) => ({
    life: cycles + 1 + i,
    stuck: i === 0,
    // The one in native code is told once: the command ends all the same.
    twice: i > 0 && random() < 0.5,
  }))
  const seed = integer(random, 0, 2 ** 31)
  await lead(run, { seed, from: 1, cycles, leave: lives, ...(ways && { ways }) })
  const ended: Stop[] = []
  for (const life of lives) ended.push(await stopCommand(run, life, random))
  await lead(run, { seed, from: cycles + commands + 1, cycles: 0, last: true })
  return [...readStops(run.log.path), ...ended]
}

/** Runs the program to its end, which must come by itself and soon after its last stop. */
async function lead(run: CrashRun, orders: CycleOrders): Promise<void> {
  const child = run.start('cycles', orders)
  if (await child.gives('done', 60_000 + orders.cycles * 20_000)) {
    const [began, before] = [performance.now(), pressure()]
    const timer = setTimeout(() => child.process.kill('SIGKILL'), 20_000)
    const { code, signal } = await child.ended
    clearTimeout(timer)
    const [took, busy] = [performance.now() - began, pressure() - before]
    if (code === 0 && took <= SLACK + busy) return
    throw new Error(
      `the process ended with ${signal ?? code} ${Math.round(took)} ms after its last stop: ${child.output}`,
    )
  }
  throw new Error(`the process ended within a life: ${child.output}`)
}

interface Life {
  life: number
  stuck: boolean
  twice: boolean
}

/** Tells `celeriac worker` to end, once or twice, while its threads are held. */
async function stopCommand(run: CrashRun, { life, stuck, twice }: Life, random: Random): Promise<Stop> {
  const command = join(run.pkg.root, 'dist/lib/cli/main.js')
  const tasks = join(run.pkg.root, 'dist/test/torture/shutdown/tasks.js')
  const child = spawn(process.execPath, [command, 'worker', '-A', tasks, '--queues', `life-${life}`], {
    cwd: run.folder,
    env: {
      ...process.env,
      TORTURE_LIFE: String(life),
      CRASH_DATABASE: run.database,
      CRASH_LOG: run.log.path,
      CRASH_THREADS: String(run.threads),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const wrong: string[] = []
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  try {
    const held = (event: CrashEvent): boolean => event.what === 'began' && /-left-[01]$/.test(event.key)
    await until(`the threads of life ${life} to be held; ${output}`, () => {
      if (child.exitCode !== null) throw new Error(`the command ended with ${child.exitCode}: ${output}`)
      return run.events().filter((event) => event.pid === life && held(event)).length === 2
    })
    await pause(random() * 20)
    run.log.write({ what: 'stop', victim: life })
    let [began, before] = [performance.now(), pressure()]
    child.kill('SIGTERM')
    if (twice) {
      await until('the first signal to be heard', () => output.includes('stopping: '))
      await pause(random() * 100)
      ;[began, before] = [performance.now(), pressure()]
      child.kill('SIGTERM')
    }
    const patience = twice ? 0 : 200
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(() => {
        wrong.push('it did not end')
        resolve()
      }, 15_000)
    })
    await Promise.race([ended, late])
    clearTimeout(timer)
    const [took, busy] = [performance.now() - began, pressure() - before]
    run.log.write({ what: 'stopped', victim: life })
    const way: Way = stuck ? 'stuck' : twice ? 'twice' : 'signal'
    return { life, way, instant: 'command', patience, took, busy, report: null, wrong, files: 0, threads: 0 }
  } finally {
    child.kill('SIGKILL')
    // A thread within a system call outlives even that until the call returns.
    if (stuck) release(`${run.folder}/pipe`)
    await closed
  }
}

function release(pipe: string): void {
  try {
    closeSync(openSync(pipe, constants.O_WRONLY | constants.O_NONBLOCK))
  } catch {}
}

function look(run: CrashRun, stops: readonly Stop[], report: StopsReport): void {
  const { violations } = report
  const name = ({ life, way, instant }: Stop): string => `life ${life} (${way}, ${instant})`
  for (const stop of stops) {
    const beyond = stop.took - stop.patience
    if (beyond - stop.busy > report.latest - report.latestBusy || report.latest === 0) {
      report.latest = Math.round(beyond)
      report.latestBusy = Math.round(stop.busy)
    }
    if (beyond > SLACK + Math.min(stop.busy, BUSY))
      violations.push(`${name(stop)}: took ${Math.round(stop.took)} ms, allowed are ${stop.patience + SLACK}`)
    violations.push(...stop.wrong.map((text) => `${name(stop)}: ${text}`))
  }
  const inProcess = stops.filter((stop) => stop.files > 0)
  // What is opened once and for all is opened by then.
  const [settled, last] = [inProcess[4], inProcess.at(-1)]
  if (settled && last && last.files > settled.files + 4)
    violations.push(
      `${settled.files} files were open after life ${settled.life}, ${last.files} after life ${last.life}`,
    )
  if (settled && last && last.threads > settled.threads + 4)
    violations.push(`${settled.threads} threads after life ${settled.life}, ${last.threads} after life ${last.life}`)
  const verdict = judge(run, { lossPerFault: INTERRUPTED })
  violations.push(...verdict.violations.map(({ invariant, text }) => `${invariant}: ${text}`))
  violations.push(...attempts(run.events()))
  report.interrupted += verdict.extraRuns
}

/** A stop takes no attempt, and what it has ended begins nothing any more. */
function attempts(events: CrashEvent[]): string[] {
  const wrong: string[] = []
  for (const { key, runs } of historyOf(events).jobs.values()) {
    runs.forEach((run, i) => {
      const last = runs[i - 1]
      if (last && last.end?.how !== 'threw' && run.attempt !== last.attempt)
        wrong.push(`job ${key} was interrupted in attempt ${last.attempt} and went on in attempt ${run.attempt}`)
    })
  }
  const stopped = new Set<number>()
  for (const event of events) {
    if (event.what === 'stopped') stopped.add(event.victim)
    else if ((event.what === 'began' || event.what === 'effect') && stopped.has(event.pid))
      wrong.push(`job ${event.key}: ${event.what} in life ${event.pid} after its stop had returned`)
  }
  return wrong
}

export const shutdown: Suite = {
  name: 'shutdown',
  what: 'stops an app, by call and by signal, at any instant of enqueue, claim, run, settle and schedule',
  missing: () => (process.platform === 'linux' ? missingCommand('mkfifo', ['--version']) : 'it looks into /proc'),
  async run({ size, share, random, progress }: SuiteContext): Promise<SuiteReport> {
    const instants = Math.ceil(INSTANTS[size] * share)
    const { stops, latest, latestBusy, interrupted, violations } = await stopAtAnyInstant({
      instants,
      random,
      progress: (done) => progress(done, instants),
    })
    return {
      cases: stops,
      violations,
      notes: {
        'jobs interrupted and run again': interrupted,
        'latest beyond drain and grace': `${latest} ms, of which others were served for ${latestBusy} ms`,
      },
    }
  },
}
