/** Takes away what a program needs while it works: disk, file size, descriptors, the lock, the file, the right to write. */
import { spawnSync } from 'node:child_process'
import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Verdict } from '../../crash/check.ts'
import { type Child, CrashRun, type Package, REAL_PACKAGE } from '../../crash/children.ts'
import { until } from '../../crash/conditions.ts'
import type { CrashEvent } from '../../crash/events.ts'
import { readFinalFile } from '../../crash/final-file.ts'
import { integer, type Random } from '../../crash/random.ts'
import { judge } from '../../crash/verdict.ts'
import { type LoadNotes, type LoadOrders, notesPath } from '../load/orders.ts'
import { pressure } from '../pressure.ts'
import type { Size, Suite, SuiteContext, SuiteReport } from '../suite.ts'
import { missingCommand } from '../tools.ts'
import { DESCRIPTORS, type Fault, FILE_SIZE, FULL, LOCKED, REMOVED, REPLACED } from './faults.ts'

const ROUNDS: Record<Size, number> = { short: 1, nightly: 100, release: 1_000 }
const FAULTS: readonly Fault[] = [FULL, FILE_SIZE, DESCRIPTORS, LOCKED, REMOVED, REPLACED]
const LOAD: LoadOrders = { lanes: 2, padding: 10_000, length: 1, rest: 5 }
const THREADS = 2
/** Room of the small disk: more than all jobs take that are stored while a fault is waited for. */
const DISK = '96m'
/** Longest time until a job is stored, runs and is reported again once the fault is over, in ms. */
const RECOVERY = 5_000
/** After which it counts as gone for good. */
const PATIENCE = 20_000
/** Longest time that the event loop may stand still, in ms: a wait for a lock is ten times as long. */
const BLOCK = 400
/** Most of the time that the machine was busy with others that is not counted, in ms. */
const BUSY = 5_000
/** Somebody who owns nothing. */
const NOBODY = 65_534

export interface ResourceOptions {
  rounds: number
  random: Random
  pkg?: Package
  faults?: readonly Fault[]
  /** Also start on files and in folders that cannot be written. Default true. */
  readOnly?: boolean
  progress?: (done: number) => void
}

export interface ResourceReport {
  faults: number
  /** Calls that were refused, and jobs that were acknowledged. */
  refused: number
  acknowledged: number
  /** Longest recovery and longest standstill of the event loop, in ms. */
  recovery: number
  block: number
  notRun: string[]
  violations: string[]
}

export async function takeResources(options: ResourceOptions): Promise<ResourceReport> {
  const { rounds, random, pkg = REAL_PACKAGE, faults = FAULTS, readOnly = true, progress } = options
  const report: ResourceReport = {
    faults: 0,
    refused: 0,
    acknowledged: 0,
    recovery: 0,
    block: 0,
    notRun: [],
    violations: [],
  }
  for (let round = 0; round < rounds; round++) {
    await withDisk(async (folder, mounted) => {
      const possible = faults.filter((fault) => mounted || fault !== FULL)
      if (possible.length < faults.length) report.notRun = ['full disk: mounting takes root']
      const run = new CrashRun({
        pkg,
        threads: THREADS,
        programs: 'dist/test/torture/load',
        database: join(folder, 'jobs.db'),
      })
      try {
        await takeEach(run, shuffled(possible, random), random, report)
        if (readOnly) await startWithoutWriting(run, report)
        await finish(run, report)
      } finally {
        await run.end()
      }
    })
    progress?.(round + 1)
  }
  return report
}

/** A folder on a disk of its own, where one may be mounted. */
async function withDisk(use: (folder: string, mounted: boolean) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'celeriac-disk-'))
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK}`, 'none', folder]).status === 0
  try {
    await use(folder, mounted)
  } finally {
    if (mounted) spawnSync('umount', ['--lazy', folder])
    rmSync(folder, { recursive: true, force: true })
  }
}

function shuffled<T>(list: readonly T[], random: Random): T[] {
  const rest = [...list]
  return list.map(() => rest.splice(integer(random, 0, rest.length - 1), 1)[0] as T)
}

/** One fault after another while the same program works. */
async function takeEach(
  run: CrashRun,
  faults: readonly Fault[],
  random: Random,
  report: ResourceReport,
): Promise<void> {
  const child = run.start('program', LOAD)
  await goesOn(run, child)
  const allowed: { from: number; to: number; fault: Fault }[] = []
  for (const fault of faults) {
    const from = run.events().length
    try {
      const giveBack = await fault.take(run, child, random)
      const [before, began] = [pressure(), performance.now()]
      await giveBack()
      await goesOn(run, child)
      const took = Math.round(performance.now() - began)
      report.recovery = Math.max(report.recovery, took)
      if (took > RECOVERY + Math.min(BUSY, pressure() - before))
        report.violations.push(`${fault.name}: went on only ${took} ms after it was over`)
    } catch (error) {
      report.violations.push(`${fault.name}: ${(error as Error).message}`)
      if (child.process.exitCode !== null || child.process.signalCode !== null) return
    }
    allowed.push({ from, to: run.events().length, fault })
    report.faults++
  }
  child.tell('end')
  if (!(await ended(child, report))) return
  const notes = JSON.parse(readFileSync(notesPath(run.log.path, child.pid), 'utf8')) as LoadNotes
  report.block = Math.max(report.block, notes.longestBlock)
  if (notes.longestBlock > BLOCK) report.violations.push(`the event loop stood still for ${notes.longestBlock} ms`)
  run.events().forEach((event, line) => {
    if (event.what !== 'refused') return
    report.refused++
    const fault = allowed.find(({ from, to }) => line >= from && line < to)?.fault
    if (!fault?.codes.includes(event.code))
      report.violations.push(`${fault?.name ?? 'no fault'}: a call was refused with ${event.code}`)
  })
}

/** A job that is asked for from now on is stored, runs and is reported. */
async function goesOn(run: CrashRun, child: Child): Promise<void> {
  const from = run.events().length
  const asked = new Set<string>()
  let looked = from
  await until(
    'a job to be stored and to run',
    () => {
      if (child.process.exitCode !== null || child.process.signalCode !== null)
        throw new Error(`the process ended: ${child.output}`)
      const events = run.events()
      for (; looked < events.length; looked++) {
        const event = events[looked] as CrashEvent
        if (event.what === 'asked') asked.add(event.key)
        else if (event.what === 'reported' && asked.has(event.key)) return true
      }
      return false
    },
    PATIENCE,
  )
}

async function ended(child: Child, report: ResourceReport): Promise<boolean> {
  const late = setTimeout(() => child.process.kill('SIGKILL'), 30_000)
  const { code, signal } = await child.ended
  clearTimeout(late)
  if (code !== 0) report.violations.push(`the process ended with ${signal ?? code}: ${child.output.slice(-600)}`)
  return code === 0
}

/** Opens a file, and a file in a folder, that it may only read; then it may write, and starts. */
async function startWithoutWriting(run: CrashRun, report: ResourceReport): Promise<void> {
  const folder = dirname(run.database)
  const root = process.getuid?.() === 0
  const user = root ? { uid: NOBODY, gid: NOBODY } : {}
  const program = join(run.pkg.root, 'dist/lib/index.js')
  if (root) {
    chmodSync(run.pkg.root, 0o755)
    const readable = spawnSync(process.execPath, ['-e', 'fs.accessSync(process.argv[1])', program], user)
    if (readable.status !== 0) {
      report.notRun.push('read-only file and folder: another user cannot read this package')
      return
    }
    chmodSync(run.folder, 0o777)
    chmodSync(run.log.path, 0o666)
    chownSync(folder, NOBODY, NOBODY)
    chownSync(run.database, NOBODY, NOBODY)
  }
  for (const [what, file, directory] of [
    ['read-only file', 0o400, 0o700],
    ['read-only folder', 0o600, 0o500],
  ] as const) {
    chmodSync(run.database, file)
    chmodSync(folder, directory)
    const child = run.start('program', { ...LOAD, lanes: 0 }, user)
    const said = await until('an answer to start()', () => child.signs[0])
    if (said !== 'refused DATABASE_READ_ONLY') report.violations.push(`${what}: start() was answered with ${said}`)
    chmodSync(run.database, 0o600)
    chmodSync(folder, 0o700)
    child.tell('start')
    if (!(await child.gives('working', PATIENCE).catch(() => false)))
      report.violations.push(
        `${what}: does not start when it may write again (${child.signs.at(-1)}; ${readdirSync(folder).join(', ')})`,
      )
    child.tell('end')
    await ended(child, report)
    report.faults++
  }
  if (root) {
    chownSync(folder, 0, 0)
    chownSync(run.database, 0, 0)
  }
}

/** The last process finds everything that was acknowledged, and nothing that was refused. */
async function finish(run: CrashRun, report: ResourceReport): Promise<void> {
  let verdict: Verdict
  try {
    await run.finish('program', { last: true })
    verdict = judge(run)
  } catch (error) {
    report.violations.push(`the next process: ${(error as Error).message}`)
    return
  }
  report.violations.push(...verdict.violations.map(({ invariant, text }) => `${invariant}: ${text}`))
  const stored = new Set(readFinalFile(run.database).jobs.map(({ key }) => key))
  const acknowledged = new Set<string>()
  for (const event of run.events()) {
    if (event.what === 'acknowledged') acknowledged.add(event.key)
    else if (event.what === 'refused' && stored.has(event.key) && event.code.startsWith('STORAGE_'))
      report.violations.push(`job ${event.key} was refused with ${event.code} and is stored`)
  }
  report.acknowledged += acknowledged.size
  if (acknowledged.size === 0) report.violations.push('no job was acknowledged')
}

export const resources: Suite = {
  name: 'resources',
  what: 'takes away disk, file size, descriptors, lock, file and permissions while a program works',
  missing: () =>
    process.platform === 'linux' ? missingCommand('prlimit', ['--version']) : 'it takes limits and a disk of Linux',
  async run({ size, share, random, progress }: SuiteContext): Promise<SuiteReport> {
    const rounds = Math.ceil(ROUNDS[size] * share)
    const report = await takeResources({ rounds, random, progress: (done) => progress(done, rounds) })
    return {
      cases: report.faults,
      violations: report.violations,
      notes: {
        acknowledged: report.acknowledged,
        refused: report.refused,
        'longest recovery': `${report.recovery} ms`,
        'longest standstill of the event loop': `${report.block} ms`,
        ...(report.notRun.length > 0 && { 'not run': report.notRun.join('; ') }),
      },
    }
  },
}
