/** Every system call the last one: the process dies at it, or the call fails, and the file must be legal each time. */
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Package, REAL_PACKAGE } from '../../crash/children.ts'
import type { Random } from '../../crash/random.ts'
import { layOut } from '../power-cut/image.ts'
import type { Promised } from '../power-cut/promised.ts'
import type { Size, Suite, SuiteContext, SuiteReport } from '../suite.ts'
import { deaths, filesIn } from '../watched/deaths.ts'
import { missingWatching } from '../watched/library.ts'
import { type Fault, record, run } from '../watched/program.ts'
import { dieBeside } from './beside.ts'
import { inTwoLanes } from './lanes.ts'
import { command, endedWell, hold, holds, judge, type Left, perform } from './left.ts'
import { OPERATIONS, type Operation } from './operation.ts'
import { callsOf, draw, type Points, spread } from './points.ts'

/** Points of each operation. */
export interface AllPoints extends Points {
  /**
   * Deaths that are replayed: what a process wrote until a call is what it leaves behind when it dies at this call, so one
   * recorded run stands for as many deaths as it has calls.
   */
  replayed: number
  /** The same with a second process at work on the file, which must go on. */
  beside: Points
}

const ALL = Number.POSITIVE_INFINITY
const POINTS: Record<Size, AllPoints> = {
  short: { replayed: 13, killed: 0.2, failed: 0.2, beside: { killed: 0.2, failed: 0 } },
  nightly: { replayed: ALL, killed: 100, failed: 20, beside: { killed: ALL, failed: 20 } },
  release: { replayed: ALL, killed: ALL, failed: ALL, beside: { killed: ALL, failed: ALL } },
}
/** Points of which a whole process then ends what was left; the others are only looked at. */
const DRAINED = 0.03
/** How long each call of a recorded run waits for a promise that is given too early, in µs. */
const DELAY = 500

export interface LastCallOptions {
  operations?: readonly Operation[]
  points: AllPoints
  /** Part of the points; 1 without it. */
  share?: number
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
  /** Of these, the ones beside another process. */
  beside: number
  violations: string[]
}

export async function lastCalls(options: LastCallOptions): Promise<LastCallReport> {
  const { operations = OPERATIONS, points, share = 1, random, pkg = REAL_PACKAGE, progress } = options
  const report: LastCallReport = { replayed: 0, killed: 0, failed: 0, beside: 0, violations: [] }
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'celeriac-last-call-'))
  const found = (where: string, wrong: readonly string[]): void => {
    report.violations.push(...wrong.map((text) => `${where}: ${text}`))
  }
  const examine = async (left: Left): Promise<void> => found(left.where, await judge(left, random() < DRAINED))
  let [done, of] = [0, 0]
  const tell = (): void => progress?.(++done, of)
  const count = ({ how }: Fault, reached: boolean): void => {
    if (how !== 'kill') report.failed++
    else if (reached) report.killed++
  }
  try {
    const prepared = join(folder, 'prepared')
    mkdirSync(prepared)
    // By the library as it is: a bug that is planted is for what comes after.
    await perform('prepare', join(prepared, 'jobs.db'))
    const held = join(folder, 'held')
    if (operations.includes('rescue')) {
      cpSync(prepared, held, { recursive: true })
      await hold(join(held, 'jobs.db'))
    }
    // A copy, since to look at it empties its log.
    const looked = join(folder, 'looked')
    const heldBy = new Map<Operation, Promised[]>()
    for (const operation of operations) {
      rmSync(looked, { recursive: true, force: true })
      cpSync(operation === 'rescue' ? held : prepared, looked, { recursive: true })
      heldBy.set(operation, operation === 'migrate' ? [] : holds(join(looked, 'jobs.db'), operation))
    }
    const before = (operation: Operation): Promised[] => heldBy.get(operation) as Promised[]
    const place = (name: string, operation: Operation): string => {
      const own = join(folder, name)
      rmSync(own, { recursive: true, force: true })
      // Left without a file, it has the tables to make.
      if (operation === 'migrate') mkdirSync(own)
      else cpSync(operation === 'rescue' ? held : prepared, own, { recursive: true })
      return own
    }
    const faults: { operation: Operation; fault: Fault }[] = []
    const others: { operation: Operation; faults: Fault[] }[] = []
    await inTwoLanes(operations, async (operation, lane) => {
      const own = place(lane, operation)
      const atFirst = filesIn(own)
      const events = await record(command(pkg, operation, join(own, 'jobs.db')), own, { delay: DELAY })
      const calls = callsOf(operation, events)
      faults.push(...draw(calls, points, share, random).map((fault) => ({ operation, fault })))
      others.push({ operation, faults: draw(calls, points.beside, share, random) })
      const ends = new Map(spread(calls, points.replayed, share, random).map((call) => [call.at, call]))
      of += ends.size
      for (const { at, said, files } of deaths(events, atFirst)) {
        const call = ends.get(at)
        if (!call) continue
        const database = layOut(files(), join(folder, `${lane}-image`))
        await examine({
          where: `${operation}, death at ${call.call} ${call.nth}`,
          operation,
          said,
          held: before(operation),
          database,
        })
        report.replayed++
        tell()
      }
    })
    of += faults.length + others.reduce((sum, one) => sum + one.faults.length, 0)
    await inTwoLanes(faults, async ({ operation, fault }, lane) => {
      const own = place(lane, operation)
      const where = `${operation}, ${fault.call} ${fault.nth} ${fault.how}`
      const database = join(own, 'jobs.db')
      const ended = await run(command(pkg, operation, database), own, fault)
      const wrong = endedWell(fault, ended)
      count(fault, ended.signal === 'SIGKILL')
      if (wrong === null) await examine({ where, operation, said: ended.said, held: before(operation), database })
      else found(where, [wrong])
      tell()
    })
    await inTwoLanes(others, async ({ operation, faults }, lane) => {
      await dieBeside(
        { operation, faults, pkg, place: () => place(`${lane}-beside`, operation), held: before(operation) },
        (fault, reached, wrong) => {
          count(fault, reached)
          if (reached || fault.how !== 'kill') report.beside++
          found(`${operation}, ${fault.call} ${fault.nth} ${fault.how} beside another process`, wrong)
          tell()
        },
      )
    })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  return report
}

export const lastCall: Suite = {
  name: 'last-call',
  what: 'ends the process at each system call that writes, or lets the call fail, in every operation, alone on the file and beside another',
  missing: missingWatching,
  async run({ size, share, random, progress }: SuiteContext): Promise<SuiteReport> {
    const options = { points: POINTS[size], share, random, progress }
    const { replayed, killed, failed, beside, violations } = await lastCalls(options)
    return {
      cases: replayed + killed + failed,
      kills: killed,
      violations,
      notes: {
        'deaths replayed': replayed,
        'processes killed': killed,
        'calls that failed': failed,
        'of these beside another process': beside,
      },
    }
  },
}
