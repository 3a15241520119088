/** Every system call the last one: the process dies at it, or the call fails, and the file must be legal each time. */
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Package, REAL_PACKAGE } from '../../crash/children.ts'
import { integer, type Random } from '../../crash/random.ts'
import { broken, layOut, reopen, tornTransactions } from '../power-cut/image.ts'
import type { Promised } from '../power-cut/promised.ts'
import type { Size, Suite, SuiteContext, SuiteReport } from '../suite.ts'
import { deaths, filesIn } from '../watched/deaths.ts'
import type { FileEvent } from '../watched/events.ts'
import { missingWatching } from '../watched/library.ts'
import { type Ended, type Fault, record, run } from '../watched/program.ts'
import { OPERATIONS, type Operation } from './operation.ts'

/** Points for each operation. A part of one is the chance that an operation has one more. */
export interface Points {
  /**
   * Deaths that are replayed: what a process wrote until a call is what it leaves behind when it dies at this call, so one
   * recorded run stands for as many deaths as it has calls.
   */
  replayed: number
  /** Processes that are killed at a call. */
  killed: number
  /** Processes of which a call fails. */
  failed: number
}

const POINTS: Record<Size, Points> = {
  short: { replayed: 16, killed: 1, failed: 1 },
  nightly: { replayed: Number.POSITIVE_INFINITY, killed: 100, failed: 20 },
  release: { replayed: Number.POSITIVE_INFINITY, killed: 1_000, failed: 250 },
}
/** Points of which a whole process then ends what was left; the others are only looked at. */
const DRAINED = 0.03
/** How long each call of a recorded run waits for a promise that is given too early, in µs. */
const DELAY = 500
const ERRORS = ['ENOSPC', 'EIO', 'EINTR'] as const
const TYPED = /^[A-Z][A-Z0-9_]+$/

export interface LastCallOptions {
  operations?: readonly Operation[]
  points: Points
  random: Random
  pkg?: Package
  progress?: (done: number, of: number) => void
}

export interface LastCallReport {
  /** Deaths that were replayed. */
  replayed: number
  /** Processes that reached the call at which they were killed. */
  killed: number
  failed: number
  violations: string[]
}

/** What the process of a point said, and what it left behind. */
interface Left {
  where: string
  operation: Operation
  said: readonly string[]
  database: string
}

export async function lastCalls(options: LastCallOptions): Promise<LastCallReport> {
  const { operations = OPERATIONS, points, random, pkg = REAL_PACKAGE, progress } = options
  const report: LastCallReport = { replayed: 0, killed: 0, failed: 0, violations: [] }
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'celeriac-last-call-'))
  const found = (where: string, wrong: readonly string[]): void => {
    report.violations.push(...wrong.map((text) => `${where}: ${text}`))
  }
  const examine = async (left: Left): Promise<void> => found(left.where, await judge(left, random() < DRAINED))
  try {
    const prepared = join(folder, 'prepared')
    mkdirSync(prepared)
    // By the library as it is: a bug that is planted is for what comes after.
    await perform('prepare', join(prepared, 'jobs.db'))
    const place = (name: string, operation: Operation): string => {
      const own = join(folder, name)
      rmSync(own, { recursive: true, force: true })
      // Left without a file, it has the tables to make.
      if (operation === 'migrate') mkdirSync(own)
      else cpSync(prepared, own, { recursive: true })
      return own
    }
    const faults: { operation: Operation; fault: Fault }[] = []
    await inTwoLanes(operations, async (operation, lane) => {
      const own = place(lane, operation)
      const before = filesIn(own)
      const events = await record(command(pkg, operation, join(own, 'jobs.db')), own, { delay: DELAY })
      const calls = callsOf(operation, events)
      faults.push(...draw(operation, calls, points, random))
      const ends = new Map(spread(calls, points.replayed, random).map((call) => [call.at, call]))
      for (const { at, said, files } of deaths(events, before)) {
        const call = ends.get(at)
        if (!call) continue
        const database = layOut(files(), join(folder, `${lane}-image`))
        await examine({ where: `${operation}, death at ${call.call} ${call.nth}`, operation, said, database })
        report.replayed++
      }
      progress?.(report.replayed, operations.length * points.replayed)
    })
    await inTwoLanes(faults, async ({ operation, fault }, lane) => {
      const own = place(lane, operation)
      const where = `${operation}, ${fault.call} ${fault.nth} ${fault.how}`
      const database = join(own, 'jobs.db')
      const ended = await run(command(pkg, operation, database), own, fault)
      const wrong = endedWell(fault, ended)
      if (fault.how !== 'kill') report.failed++
      else if (ended.signal === 'SIGKILL') report.killed++
      if (wrong === null) await examine({ where, operation, said: ended.said, database })
      else found(where, [wrong])
      progress?.(report.killed + report.failed, faults.length)
    })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  return report
}

const command = ({ root }: Package, operation: Operation | 'prepare' | 'drain', database: string): string[] => [
  join(root, 'dist/test/torture/last-call/operations.js'),
  operation,
  database,
]

async function perform(operation: 'prepare' | 'drain', database: string): Promise<void> {
  const { code, signal, errors } = await run(command(REAL_PACKAGE, operation, database), join(database, '..'))
  if (code !== 0) throw new Error(`${operation} ended with ${signal ?? code}: ${errors.slice(-2_000)}`)
}

async function inTwoLanes<T>(items: readonly T[], work: (item: T, lane: string) => Promise<void>): Promise<void> {
  let next = 0
  const lane = async (name: string): Promise<void> => {
    for (let at = next++; at < items.length; at = next++) await work(items[at] as T, name)
  }
  await Promise.all([lane('a'), lane('b')])
}

interface Call {
  /** Index among the events. */
  at: number
  call: Fault['call']
  /** Which one of its kind since the process began, from 1. */
  nth: number
}

/**
 * The calls between the two lines that say that the operation begins and ends, and those of the next commit: what was
 * promised too early may all be in there.
 */
function callsOf(operation: Operation, events: readonly FileEvent[]): Call[] {
  const counts = { write: 0, sync: 0, truncate: 0, unlink: 0 }
  const calls: Call[] = []
  let under: 'not begun' | 'way' | 'ended' | 'synced' = 'not begun'
  for (const [at, event] of events.entries()) {
    if (event.kind === 'said') {
      if (event.line === '"begin"') under = 'way'
      if (event.line === '"end"') under = 'ended'
    } else {
      const nth = ++counts[event.kind]
      if (under === 'way' || under === 'ended') calls.push({ at, call: event.kind, nth })
      if (under === 'ended' && event.kind === 'sync') under = 'synced'
    }
  }
  if (under === 'not begun' || under === 'way') throw new Error(`${operation} never said that it begins and ends`)
  return calls
}

/** So many of them, drawn from equal parts; all when there are fewer. A part of one is the chance of one more. */
function spread<T>(all: readonly T[], count: number, random: Random): T[] {
  const whole = Math.floor(count) + (random() < count % 1 ? 1 : 0)
  if (all.length <= whole) return [...all]
  return Array.from({ length: whole }, (_, i) => {
    const from = Math.floor((i * all.length) / whole)
    const to = Math.floor(((i + 1) * all.length) / whole) - 1
    return all[integer(random, from, Math.max(from, to))] as T
  })
}

function draw(
  operation: Operation,
  calls: readonly Call[],
  { killed, failed }: Points,
  random: Random,
): { operation: Operation; fault: Fault }[] {
  const error = (): Fault['how'] => ERRORS[integer(random, 0, ERRORS.length - 1)] as Fault['how']
  return [
    ...spread(calls, killed, random).map((call) => ({ ...call, how: 'kill' as const })),
    ...spread(calls, failed, random).map((call) => ({ ...call, how: error() })),
  ].map(({ call, nth, how }) => ({ operation, fault: { call, nth, how } }))
}

/** What is wrong with the way in which a process ended, or null. */
function endedWell({ how }: Fault, { code, signal, errors }: Ended): string | null {
  // One that is to be killed may take another path this time, and never reach the call.
  const well = how === 'kill' ? signal === 'SIGKILL' || code === 0 : signal === null
  // A process may refuse to go on, with a reason; it may not hang or die of it.
  return well ? null : `ended with ${signal ?? code}: ${errors.slice(-600)}`
}

async function judge({ operation, said, database }: Left, drained: boolean): Promise<string[]> {
  const wrong: string[] = []
  const promises: Promised[] = []
  for (const line of said) {
    const spoken: unknown = JSON.parse(line)
    if (typeof spoken !== 'object' || spoken === null) continue
    if (!('refused' in spoken)) promises.push(spoken as Promised)
    // The commit of the application's own connection is refused in the driver's words.
    else if (operation !== 'within' && !TYPED.test(String(spoken.refused)))
      wrong.push(`refused without a code: ${String(spoken.refused)}`)
  }
  if (operation === 'migrate' && !existsSync(database)) return wrong
  wrong.push(...look(database, promises))
  if (wrong.length === 0 && drained) {
    try {
      await perform('drain', database)
      wrong.push(...look(database, promises).map((text) => `after the next process: ${text}`))
    } catch (error) {
      wrong.push(`the next process: ${String(error)}`)
    }
  }
  return wrong
}

function look(database: string, promises: readonly Promised[]): string[] {
  try {
    const file = reopen(database)
    const wrong = file.integrity === 'ok' ? tornTransactions(file) : [`integrity_check says ${file.integrity}`]
    for (const promised of promises) {
      const text = broken(promised, file)
      if (text !== null) wrong.push(text)
    }
    return wrong
  } catch (error) {
    return [`the file does not open: ${String(error)}`]
  }
}

export const lastCall: Suite = {
  name: 'last-call',
  what: 'ends the process at each system call that writes, or lets the call fail, in every operation',
  missing: missingWatching,
  async run({ size, share, random, progress }: SuiteContext): Promise<SuiteReport> {
    const of = POINTS[size]
    const points = { replayed: of.replayed * share, killed: of.killed * share, failed: of.failed * share }
    const { replayed, killed, failed, violations } = await lastCalls({ points, random, progress })
    return {
      cases: replayed + killed + failed,
      violations,
      notes: { 'deaths replayed': replayed, 'processes killed': killed, 'calls that failed': failed },
    }
  },
}
