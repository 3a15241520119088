/** Lets an app work for long, and looks whether each job ends as it must and whether anything grows. */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Package, REAL_PACKAGE } from '../../crash/children.ts'
import { integer, type Random } from '../../crash/random.ts'
import { books } from '../books.ts'
import type { Size, Suite, SuiteContext, SuiteReport } from '../suite.ts'
import type { Sample } from './sample.ts'

const SECONDS: Record<Size, number> = { short: 20, nightly: 8 * 3_600, release: 72 * 3_600 }
/** Most samples of a run. */
const SAMPLES = 1_000
/** Part of a run that is not judged: caches fill, threads are opened. */
const WARM_UP = 0.3
const MB = 1_048_576
/**
 * Growth in bytes an hour that is allowed, and what a run that short cannot tell from the collector's and the allocator's
 * habits: a run of seconds finds only a leak of megabytes, one of hours what it is meant to find.
 */
const GROWTH = MB
const UNKNOWN = { heap: 3 * MB, rss: 32 * MB }
const WAL = 64 * MB
/** What the process may take for its last jobs, in ms: longer than it waits for any of them. */
const ENDS = 120_000

export interface SoakOptions {
  seconds: number
  random: Random
  pkg?: Package
  progress?: (done: number) => void
}

export interface SoakReport {
  samples: Sample[]
  violations: string[]
}

export async function soakFor({ seconds, random, pkg = REAL_PACKAGE, progress }: SoakOptions): Promise<SoakReport> {
  const folder = mkdtempSync(join(tmpdir(), 'celeriac-soak-'))
  try {
    const every = Math.max(500, (seconds * 1_000) / SAMPLES)
    const program = join(pkg.root, 'dist/test/torture/soak/program.js')
    const database = join(folder, 'jobs.db')
    const args = [database, seconds, every, integer(random, 0, 2 ** 31)].map(String)
    const child = spawn(process.execPath, ['--expose-gc', program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
    let [out, errors] = ['', '']
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text
      progress?.(Math.min(seconds, (out.split('\n').length * every) / 1_000))
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors = (errors + text).slice(-2_000)
    })
    const late = setTimeout(() => child.kill('SIGKILL'), seconds * 1_000 + ENDS)
    const code = await new Promise((resolve) => child.once('close', (status, signal) => resolve(signal ?? status)))
    clearTimeout(late)
    const samples = out.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Sample]))
    const violations =
      code === 0 ? [...judge(samples), ...books(database)] : [`the process ended with ${String(code)}: ${errors}`]
    if (errors !== '' && code === 0) violations.push(`it logged errors: ${errors}`)
    return { samples, violations }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

export function judge(all: readonly Sample[]): string[] {
  const samples = all.slice(Math.floor(all.length * WARM_UP))
  if (samples.length < 6) return [`only ${samples.length} samples to judge`]
  const wrong: string[] = []
  const hours = ((samples.at(-1) as Sample).at - (samples[0] as Sample).at) / 3_600
  for (const what of ['heap', 'rss'] as const) {
    const grown = growth(samples, what)
    if (grown > GROWTH * hours + UNKNOWN[what])
      wrong.push(`${what} grew by at least ${(grown / MB).toFixed(1)} MB in ${(hours * 3_600).toFixed(0)} s`)
  }
  const third = Math.floor(samples.length / 3)
  const [first, last] = [samples.slice(0, third), samples.slice(-third)]
  const median = (of: readonly Sample[], what: keyof Sample): number =>
    of.map((sample) => sample[what]).sort((a, b) => a - b)[Math.floor(of.length / 2)] ?? 0
  for (const what of ['files', 'threads'] as const) {
    if (median(last, what) > median(first, what) + 3)
      wrong.push(`${what}: ${median(first, what)} at first, ${median(last, what)} at last`)
  }
  if (median(last, 'rows') > 2 * median(first, 'rows') + 500)
    wrong.push(`finished jobs: ${median(first, 'rows')} at first, ${median(last, 'rows')} at last`)
  if (median(last, 'latency') > 4 * median(first, 'latency') + 50)
    wrong.push(`latency: ${median(first, 'latency')} ms at first, ${median(last, 'latency')} ms at last`)
  const wal = Math.max(...all.map((sample) => sample.wal))
  if (wal > WAL) wrong.push(`the WAL grew to ${wal} bytes`)
  return wrong
}

/** Least growth over the samples that the line through them allows: two standard errors below it. */
function growth(samples: readonly Sample[], what: 'heap' | 'rss'): number {
  const count = samples.length
  const mean = (of: (sample: Sample) => number): number => samples.reduce((sum, s) => sum + of(s), 0) / count
  const [x, y] = [mean((s) => s.at), mean((s) => s[what])]
  const spread = samples.reduce((sum, s) => sum + (s.at - x) ** 2, 0)
  const slope = samples.reduce((sum, s) => sum + (s.at - x) * (s[what] - y), 0) / spread
  const rest = samples.reduce((sum, s) => sum + (s[what] - y - slope * (s.at - x)) ** 2, 0)
  const error = Math.sqrt(rest / Math.max(1, count - 2) / spread)
  return (slope - 2 * error) * ((samples.at(-1) as Sample).at - (samples[0] as Sample).at)
}

export const soak: Suite = {
  name: 'soak',
  what: 'lets an app do a bit of everything for long, and looks whether each job ends as it must, and whether memory, files, threads, WAL or latency grow',
  missing: () => (process.platform === 'linux' ? null : 'it looks into /proc'),
  async run({ size, share, seconds: asked, random, progress }: SuiteContext): Promise<SuiteReport> {
    const seconds = asked ?? Math.max(10, SECONDS[size] * share)
    const { samples, violations } = await soakFor({ seconds, random, progress: (done) => progress(done, seconds) })
    const shown = samples.filter((_, i) => i % Math.ceil(samples.length / 20) === 0)
    for (const { at, heap, rss, files, threads, wal, latency } of shown) {
      const memory = `heap ${(heap / MB).toFixed(1)} MB, RSS ${(rss / MB).toFixed(0)} MB, WAL ${(wal / MB).toFixed(1)} MB`
      process.stderr.write(
        `${at.toFixed(0)} s: ${memory}, ${files} files, ${threads} threads, ${latency.toFixed(1)} ms\n`,
      )
    }
    const last = samples.at(-1)
    return {
      cases: samples.reduce((sum, { jobs }) => sum + jobs, 0),
      violations,
      notes: { seconds, ...(last && { 'RSS at last': `${Math.round(last.rss / MB)} MB` }) },
    }
  },
}
