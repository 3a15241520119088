import type { Metrics, ProcessLine, Totals } from '../index.ts'

type Labels = Record<string, string>
type Sample = [labels: Labels, value: number]

/** Times of one task and queue; `sum` in ms. */
interface Series {
  labels: Labels
  counts: number[]
  sum: number
}

/** Metrics in the text format of Prometheus, version 0.0.4. Times in seconds, as its users expect. */
export function prometheusText(metrics: Metrics): string {
  const { totals, bounds, queues, processes, states, threads, eventLoopDelay, file, at } = metrics
  const outcomes = ['success', 'failure', 'revoked', 'expired'] as const
  const gauge = (name: string, help: string, samples: Sample[]): string => family(name, 'gauge', help, samples)
  const counter = (name: string, help: string, samples: Sample[]): string => family(name, 'counter', help, samples)
  const each = (value: (process: ProcessLine) => number): Sample[] =>
    processes.map((process) => [processOf(process), value(process)])
  const now = (value: number): Sample[] => [[{}, value]]
  return [
    counter(
      'celeriac_tasks_total',
      'Jobs that ended, by outcome.',
      totals.flatMap((one) => outcomes.map((outcome): Sample => [{ ...lineOf(one), outcome }, one[outcome]])),
    ),
    counter(
      'celeriac_task_retries_total',
      'Attempts that failed and were followed by another.',
      totals.map((one) => [lineOf(one), one.retries]),
    ),
    counter(
      'celeriac_task_crashes_total',
      'Threads and processes that died under a job.',
      totals.map((one) => [lineOf(one), one.crashes]),
    ),
    histogram(
      'celeriac_task_duration_seconds',
      'Run time of attempts.',
      bounds,
      totals.map((one) => ({ labels: lineOf(one), counts: one.run, sum: one.runMs })),
    ),
    histogram(
      'celeriac_task_wait_seconds',
      'Time from when a job was due to when it began.',
      bounds,
      totals.map((one) => ({ labels: lineOf(one), counts: one.wait, sum: one.waitMs })),
    ),
    gauge(
      'celeriac_jobs',
      'Jobs in the file, by state.',
      Object.entries(states).map(([state, jobs]) => [{ state }, jobs]),
    ),
    gauge(
      'celeriac_queue_depth',
      'Unfinished jobs of a queue that are due.',
      queues.flatMap(({ queue, pending, running }): Sample[] => [
        [{ queue, state: 'pending' }, pending],
        [{ queue, state: 'running' }, running],
      ]),
    ),
    gauge(
      'celeriac_queue_oldest_age_seconds',
      'How long the oldest job of a queue has been due and not begun.',
      queues.map(({ queue, oldest }) => [{ queue }, oldest === null ? 0 : Math.max(0, at - oldest) / 1_000]),
    ),
    gauge('celeriac_workers', 'Processes that consume the file and answer.', now(metrics.workers)),
    gauge(
      'celeriac_process_up',
      'Whether a process on the file answers; 0 until its jobs are taken over.',
      each(({ silentSince }) => (silentSince === null ? 1 : 0)),
    ),
    gauge(
      'celeriac_process_memory_bytes',
      'Resident memory of a process.',
      each(({ vitals }) => vitals.memory),
    ),
    counter(
      'celeriac_process_thread_restarts_total',
      'Pool threads of a process that ended and were replaced.',
      each(({ vitals }) => vitals.restarts),
    ),
    gauge(
      'celeriac_process_loop_delay_seconds',
      'The latest that an event loop of a process was within ten seconds.',
      processes.flatMap((process): Sample[] => {
        const { engineDelay, appDelay } = process.vitals
        const sample = (loop: string, delay: number): Sample => [{ ...processOf(process), loop }, delay / 1_000]
        return [sample('engine', engineDelay), ...(appDelay === null ? [] : [sample('app', appDelay)])]
      }),
    ),
    gauge('celeriac_pool_threads', 'Pool threads of this process.', [
      [{ state: 'busy' }, threads.busy],
      [{ state: 'idle' }, threads.idle],
    ]),
    gauge('celeriac_pool_threads_max', 'Most pool threads of this process.', now(threads.most)),
    gauge(
      'celeriac_event_loop_delay_seconds',
      'How late the event loop of this process was since the last scrape.',
      eventLoopDelay
        ? [
            [{ quantile: '0.5' }, eventLoopDelay.p50 / 1_000],
            [{ quantile: '0.99' }, eventLoopDelay.p99 / 1_000],
            [{ quantile: '1' }, eventLoopDelay.max / 1_000],
          ]
        : [],
    ),
    gauge('celeriac_database_bytes', 'Size of the database file.', now(file.bytes)),
    gauge('celeriac_database_free_bytes', 'Bytes of the database file that hold nothing.', now(file.freeBytes)),
    gauge('celeriac_wal_bytes', 'Size of the write-ahead log.', now(file.walBytes)),
  ].join('')
}

function lineOf({ task, queue }: Totals): Labels {
  return { task, queue }
}

function processOf({ host, pid, role }: ProcessLine): Labels {
  return { host, pid: String(pid), role }
}

function family(name: string, type: string, help: string, samples: Sample[]): string {
  const lines = samples.map(([labels, value]) => `${name}${labelText(labels)} ${value}\n`)
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`
}

/** Thousands of lines in a file of many tasks: what they share is put into words once. */
function histogram(name: string, help: string, bounds: readonly number[], series: Series[]): string {
  const places = [...bounds.map((bound) => `${bound / 1_000}`), '+Inf'].map((bound) => `,le="${bound}"} `)
  let text = `# HELP ${name} ${help}\n# TYPE ${name} histogram\n`
  for (const { labels, counts, sum } of series) {
    const line = labelText(labels)
    const bucket = `${name}_bucket${line.slice(0, -1)}`
    let reached = 0
    for (const [at, place] of places.entries()) {
      reached += counts[at] ?? 0
      text += `${bucket}${place}${reached}\n`
    }
    text += `${name}_sum${line} ${sum / 1_000}\n${name}_count${line} ${reached}\n`
  }
  return text
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

function escaped(value: string): string {
  return value.replace(/[\\"\n]/g, (character) => (character === '\n' ? '\\n' : `\\${character}`))
}
