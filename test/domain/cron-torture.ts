/**
 * `npm run torture:cron -- [--count 1000000] [--seed <n>]`: random (expression, zone, instant) triples over all IANA zones and
 * 2015–2035, most of them near a change of clocks, each asked of the library and of the oracle. Ends with 1 at the first
 * difference, which it names together with the seed. Runs in a thread for each core.
 */
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { Presets, SingleBar } from 'cli-progress'
import { nextSlot } from '../../lib/domain/schedule-spec.ts'
import { type Comparison, compareWithOracle } from './cron-triples.ts'

interface Share {
  seed: number
  first: number
  count: number
}

type Report = { checked: number } | { done: Comparison } | { difference: string }

if (isMainThread) await torture()
else compare(workerData as Share)

async function torture(): Promise<void> {
  const { values } = parseArgs({ options: { count: { type: 'string' }, seed: { type: 'string' } } })
  const count = number('--count', values.count ?? '1000000')
  const seed = number('--seed', values.seed ?? `${Math.floor(Math.random() * 2 ** 31)}`)
  console.log(`${count.toLocaleString('en')} triples, seed ${seed}`)
  const bar = new SingleBar(
    { format: '{bar} {percentage} % | {value} of {total} | {eta} s left' },
    Presets.shades_classic,
  )
  bar.start(count, 0)
  const threads = availableParallelism()
  const each = Math.ceil(count / threads)
  const begun = performance.now()
  const workers: Worker[] = []
  try {
    const found = await Promise.all(
      Array.from({ length: threads }, (_, i) => {
        const first = i * each
        const worker = new Worker(new URL(import.meta.url), {
          workerData: { seed, first, count: Math.max(0, Math.min(each, count - first)) } satisfies Share,
        })
        workers.push(worker)
        return result(worker, (checked) => bar.increment(checked))
      }),
    )
    bar.update(count)
    bar.stop()
    const sum = (key: 'checked' | 'fired' | 'moved') => found.reduce((total, one) => total + one[key], 0)
    const slowest = Math.max(...found.map((one) => one.slowest))
    console.log(
      `no difference in ${sum('checked').toLocaleString('en')} triples, ${sum('fired').toLocaleString('en')} with a slot, ` +
        `${sum('moved').toLocaleString('en')} moved by the clocks; slowest ${slowest.toFixed(1)} ms; ` +
        `${((performance.now() - begun) / 1_000).toFixed(0)} s`,
    )
  } catch (error) {
    bar.stop()
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 1
  } finally {
    for (const worker of workers) void worker.terminate()
  }
}

function result(worker: Worker, progress: (checked: number) => void): Promise<Comparison> {
  return new Promise((resolve, reject) => {
    worker.on('error', reject)
    worker.on('message', (report: Report) => {
      if ('checked' in report) progress(report.checked)
      else if ('done' in report) resolve(report.done)
      else reject(new Error(report.difference))
    })
  })
}

function compare({ seed, first, count }: Share): void {
  const tell = (report: Report): void => parentPort?.postMessage(report)
  try {
    const done = compareWithOracle(
      ({ expression, zone, after }) => nextSlot({ kind: 'cron', expression, timezone: zone }, 'x', after),
      { seed, first, count, progress: (checked) => tell({ checked }) },
    )
    tell({ done })
  } catch (error) {
    tell({ difference: error instanceof Error ? error.message : String(error) })
  }
}

function number(option: string, text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 0) throw new Error(`${option} is '${text}', not a whole number`)
  return value
}
