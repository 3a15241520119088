/**
 * When schedules fire, asked of the library and of an oracle that shares no code with it: random expressions in all IANA
 * zones over 2015–2035, most of them near a change of clocks.
 */
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { Comparison } from '../../domain/cron-triples.ts'
import type { Size, Suite, SuiteContext, SuiteReport } from '../suite.ts'
import type { Report, Share } from './share.ts'

const TRIPLES: Readonly<Record<Size, number>> = { short: 10_000, nightly: 1_000_000, release: 10_000_000 }

export const cron: Suite = {
  name: 'cron',
  what: 'asks for the next slot of random expressions in all zones, and compares with an independent implementation',
  missing: () => null,
  run,
}

async function run({ size, share, random, progress }: SuiteContext): Promise<SuiteReport> {
  const count = Math.ceil(TRIPLES[size] * share)
  const seed = Math.floor(random() * 2 ** 31)
  const threads = Math.min(availableParallelism(), count)
  const each = Math.ceil(count / threads)
  let checked = 0
  const shares = Array.from({ length: threads }, (_, i) => {
    const first = i * each
    return compare({ seed, first, count: Math.max(0, Math.min(each, count - first)) }, (more) => {
      checked += more
      progress(checked, count)
    })
  })
  const found = await Promise.all(shares)
  const whole = found.filter((one) => typeof one !== 'string')
  const sum = (key: 'checked' | 'fired' | 'moved'): number => whole.reduce((total, one) => total + one[key], 0)
  return {
    cases: sum('checked'),
    violations: found.filter((one) => typeof one === 'string'),
    notes: {
      'triples seed': seed,
      'with a slot': sum('fired'),
      'moved by the clocks': sum('moved'),
      'slowest, ms': Math.round(Math.max(0, ...whole.map(({ slowest }) => slowest))),
    },
  }
}

/** What one thread found: the comparison, or the difference it ended at. */
function compare(share: Share, progress: (checked: number) => void): Promise<Comparison | string> {
  const worker = new Worker(new URL('./share.js', import.meta.url), { workerData: share })
  return new Promise<Comparison | string>((resolve, reject) => {
    worker.on('error', reject)
    worker.on('message', (report: Report) => {
      if ('checked' in report) progress(report.checked)
      else resolve('done' in report ? report.done : report.difference)
    })
  }).finally(() => void worker.terminate())
}
