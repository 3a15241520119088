/** Every system call the last one: the process dies at it, or the call fails, and the file must be legal each time. */
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Package, REAL_PACKAGE } from '../../crash/children.ts'
import { integer, type Random } from '../../crash/random.ts'
import { broken, reopen, tornTransactions } from '../power-cut/image.ts'
import type { Promised } from '../power-cut/promised.ts'
import type { Size, Suite, SuiteContext, SuiteReport } from '../suite.ts'
import { missingTracing } from '../tools.ts'
import { OPERATIONS, type Operation } from './operation.ts'
import { CALLS, countCalls, type Ended, type Fault, perform, performUnder } from './traced.ts'

/** Points for each operation and kind of fault. */
const POINTS: Record<Size, { kill: number; error: number }> = {
  short: { kill: 13, error: 3 },
  nightly: { kill: 100, error: 20 },
  release: { kill: 1_000, error: 250 },
}
/** Points of which a whole process then ends what was left; the others are only looked at. */
const DRAINED = 0.1
const ERRORS = ['ENOSPC', 'EIO', 'EINTR'] as const
const TYPED = /^[A-Z][A-Z0-9_]+$/

export interface LastCallOptions {
  operations?: readonly Operation[]
  points: { kill: number; error: number }
  random: Random
  pkg?: Package
  progress?: (done: number, of: number) => void
}

export interface LastCallReport {
  /** Faults that were reached. */
  kills: number
  errors: number
  violations: string[]
}

interface Point {
  operation: Operation
  fault: Fault
}

export async function lastCalls(options: LastCallOptions): Promise<LastCallReport> {
  const { operations = OPERATIONS, points, random, pkg = REAL_PACKAGE, progress } = options
  const report: LastCallReport = { kills: 0, errors: 0, violations: [] }
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'celeriac-last-call-'))
  try {
    const prepared = join(folder, 'prepared')
    mkdirSync(prepared)
    // By the library as it is: a bug that is planted is for what comes after.
    await perform('prepare', join(prepared, 'jobs.db'), folder)
    const place = (name: string, operation: Operation): string => {
      const own = join(folder, name)
      rmSync(own, { recursive: true, force: true })
      // Left without a file, it has the tables to make.
      if (operation === 'migrate') mkdirSync(own)
      else cpSync(prepared, own, { recursive: true })
      return join(own, 'jobs.db')
    }
    const all: Point[] = []
    for (const operation of operations) {
      const counts = await countCalls(operation, place('counted', operation), folder, pkg)
      all.push(...draw(operation, counts, points, random))
    }
    let next = 0
    const work = async (lane: string): Promise<void> => {
      for (let at = next++; at < all.length; at = next++) {
        const { operation, fault } = all[at] as Point
        const database = place(lane, operation)
        const ended = await performUnder(fault, operation, database, folder, pkg)
        const wrong = await judge(operation, fault, ended, database, folder, random() < DRAINED, report)
        report.violations.push(...wrong.map((text) => `${operation}, ${fault.call} ${fault.nth} ${fault.how}: ${text}`))
        progress?.(at + 1, all.length)
      }
    }
    await Promise.all([work('a'), work('b')])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  return report
}

/** Points spread over the calls of an operation. */
function draw(
  operation: Operation,
  counts: Awaited<ReturnType<typeof countCalls>>,
  points: { kill: number; error: number },
  random: Random,
): Point[] {
  const places = CALLS.flatMap((call) =>
    Array.from({ length: counts[call].to - counts[call].from }, (_, i) => ({ call, nth: counts[call].from + i + 1 })),
  )
  const some = (count: number): typeof places =>
    places.length <= count
      ? places
      : Array.from({ length: count }, (_, i) => {
          const from = Math.floor((i * places.length) / count)
          const to = Math.floor(((i + 1) * places.length) / count) - 1
          return places[integer(random, from, Math.max(from, to))] as (typeof places)[number]
        })
  return [
    ...some(points.kill).map((place) => ({ operation, fault: { ...place, how: 'kill' as const } })),
    ...some(points.error).map((place) => ({
      operation,
      fault: { ...place, how: ERRORS[integer(random, 0, ERRORS.length - 1)] as (typeof ERRORS)[number] },
    })),
  ]
}

async function judge(
  operation: Operation,
  fault: Fault,
  { code, signal, said, errors }: Ended,
  database: string,
  folder: string,
  drained: boolean,
  report: LastCallReport,
): Promise<string[]> {
  const killed = signal === 'SIGKILL' || code === 137
  if (fault.how === 'kill') {
    if (killed) report.kills++
    else if (code !== 0) return [`ended with ${signal ?? code}: ${errors.slice(-600)}`]
  } else {
    report.errors++
    // A process may refuse to go on, with a reason; it may not hang or die of it.
    if (killed || signal !== null) return [`ended with ${signal ?? code}: ${errors.slice(-600)}`]
  }
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
      await perform('drain', database, folder)
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
  missing: missingTracing,
  async run({ size, share, random, progress }: SuiteContext): Promise<SuiteReport> {
    const { kills, errors, violations } = await lastCalls({
      points: { kill: Math.ceil(POINTS[size].kill * share), error: Math.ceil(POINTS[size].error * share) },
      random,
      progress,
    })
    return { cases: kills + errors, violations, notes: { kills, 'calls that failed': errors } }
  },
}
