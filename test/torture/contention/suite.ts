/** Many processes on one file, some that enqueue and some that run, while somebody reads on and on. */
import { readFileSync, statSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import Database from 'better-sqlite3'
import { type Child, CrashRun, type Package, REAL_PACKAGE } from '../../crash/children.ts'
import { until } from '../../crash/conditions.ts'
import { drainAndCheck } from '../load/drain.ts'
import { type LoadNotes, type LoadOrders, notesPath } from '../load/orders.ts'
import { pressure } from '../pressure.ts'
import type { Size, Suite, SuiteContext, SuiteReport } from '../suite.ts'

/** How long they work, in seconds. */
const SECONDS: Record<Size, number> = { short: 4, nightly: 600, release: 3_600 }
/** Seconds on one file: its log is read as one. */
const SECONDS_A_FILE = 20
const PRODUCERS = 4
const WORKERS = 4
/** How long each of two readers holds its transaction, in ms: there is always one. */
const READING = 400
/** Most bytes of the WAL. */
const WAL = 64 * 1_048_576
/** Longest time that a call may wait, in ms, and most of the time that the machine was busy that is not counted. */
const WAIT = 2_000
const BUSY = 5_000
/** How many times as many jobs as another a producer may store, on a machine that does nothing else. */
const SPREAD = 5
/** Longest wait for a worker's first job, in ms. */
const PATIENCE = 20_000

export interface ContentionOptions {
  seconds: number
  pkg?: Package
  /** Bytes of each job. Default 4,000. */
  padding?: number
  progress?: (done: number) => void
}

export interface ContentionReport {
  jobs: number
  /** Largest size of the WAL, in bytes. */
  wal: number
  /** Longest time that a call waited, in ms. */
  wait: number
  /** Most jobs of a producer for one of another. */
  spread: number
  violations: string[]
}

export async function contend(options: ContentionOptions): Promise<ContentionReport> {
  const { seconds, pkg = REAL_PACKAGE, padding = 4_000, progress } = options
  const report: ContentionReport = { jobs: 0, wal: 0, wait: 0, spread: 0, violations: [] }
  for (let done = 0; done < seconds; done += SECONDS_A_FILE) {
    const run = new CrashRun({ pkg, threads: 1, programs: 'dist/test/torture/load' })
    try {
      await contendOn(run, Math.min(SECONDS_A_FILE, seconds - done), padding, report)
    } finally {
      await run.end()
    }
    progress?.(Math.min(seconds, done + SECONDS_A_FILE))
  }
  return report
}

async function contendOn(run: CrashRun, seconds: number, padding: number, report: ContentionReport): Promise<void> {
  const orders: LoadOrders = { role: 'producer', lanes: 4, padding, awaited: false, rest: 5 }
  const workers = Array.from({ length: WORKERS }, () => run.start('program', { role: 'worker' }))
  for (const worker of workers) await working(worker)
  const producers = Array.from({ length: PRODUCERS }, () => run.start('program', orders))
  for (const producer of producers) await working(producer)
  const before = pressure()
  await readOn(run.database, seconds * 1_000, report)
  const ran = (): Set<number> => new Set(run.events().flatMap((event) => (event.what === 'began' ? [event.pid] : [])))
  // On a busy machine the last one may only now get to it.
  await until('each worker to run something', () => ran().size >= WORKERS, PATIENCE).catch(() => {})
  for (const producer of producers) producer.tell('end')
  for (const producer of producers) await ended(producer, report)
  for (const worker of workers) worker.tell('end')
  for (const worker of workers) await ended(worker, report)
  const busy = Math.min(BUSY, pressure() - before)
  const counts: number[] = []
  for (const { pid } of producers) {
    const notes = JSON.parse(readFileSync(notesPath(run.log.path, pid), 'utf8')) as LoadNotes
    counts.push(notes.acknowledged)
    report.wait = Math.max(report.wait, notes.longestWait)
    if (notes.longestWait > WAIT + busy) report.violations.push(`a call waited for ${notes.longestWait} ms`)
  }
  const spread = Math.max(...counts) / Math.max(1, Math.min(...counts))
  report.spread = Math.max(report.spread, Math.round(spread * 10) / 10)
  if (spread > SPREAD * (1 + busy / 1_000 / seconds))
    report.violations.push(`the producers stored ${counts.join(', ')} jobs`)
  const idle = workers.filter(({ pid }) => !ran().has(pid)).length
  if (idle > 0) report.violations.push(`${idle} of ${WORKERS} workers ran nothing`)
  for (const event of run.events())
    if (event.what === 'refused') report.violations.push(`job ${event.key} was refused with ${event.code}`)
  report.jobs += counts.reduce((sum, count) => sum + count, 0)
  report.violations.push(...(await drainAndCheck(run)))
  if (report.wal > WAL) report.violations.push(`the WAL grew to ${report.wal} bytes`)
}

/** Two readers take turns, and each begins before the other ends. */
async function readOn(database: string, milliseconds: number, report: ContentionReport): Promise<void> {
  const readers = [0, 1].map(() => new Database(database, { readonly: true, timeout: 5_000 }))
  const end = performance.now() + milliseconds
  try {
    for (let turn = 0; performance.now() < end; turn++) {
      const reader = readers[turn % 2] as Database.Database
      if (reader.inTransaction) reader.exec('COMMIT')
      reader.exec('BEGIN')
      reader.prepare('SELECT count(*) FROM celeriac_jobs').get()
      await pause(READING / 2)
      report.wal = Math.max(report.wal, statSync(`${database}-wal`, { throwIfNoEntry: false })?.size ?? 0)
    }
  } finally {
    for (const reader of readers) reader.close()
  }
}

async function working(child: Child): Promise<void> {
  if (!(await child.gives('working'))) throw new Error(`a process ended: ${child.output}`)
}

async function ended(child: Child, report: ContentionReport): Promise<void> {
  const late = setTimeout(() => child.process.kill('SIGKILL'), 40_000)
  const { code, signal } = await child.ended
  clearTimeout(late)
  if (code !== 0) report.violations.push(`a process ended with ${signal ?? code}: ${child.output.slice(-600)}`)
}

export const contention: Suite = {
  name: 'contention',
  what: 'lets eight processes enqueue and run on one file while readers hold it all the time',
  missing: () => null,
  async run({ size, share, progress }: SuiteContext): Promise<SuiteReport> {
    const seconds = Math.ceil(SECONDS[size] * share)
    const report = await contend({ seconds, progress: (done) => progress(done, seconds) })
    return {
      cases: report.jobs,
      violations: report.violations,
      notes: {
        'largest WAL': `${Math.round(report.wal / 1_048_576)} MB`,
        'longest wait of a call': `${report.wait} ms`,
        'most jobs of a producer for one of another': report.spread,
      },
    }
  },
}
