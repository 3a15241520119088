import type { Metrics, ProcessLine, Totals } from '../index.ts'

type Labels = Record<string, string>
/** Labels as they are written, with their braces. */
type Sample = [labels: string, value: number]

/** Times of one task and queue; `sum` in ms. */
interface Series {
  labels: string
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
    processes.map((process) => [labelText(processOf(process)), value(process)])
  const now = (value: number): Sample[] => [['', value]]
  // Of each task in five families: put into words once.
  const lines = totals.map((one) => labelText(lineOf(one)))
  return [
    counter(
      'celeriac_tasks_total',
      'Jobs that ended, by outcome.',
      totals.flatMap((one, at) =>
        outcomes.map((outcome): Sample => [`${lines[at]?.slice(0, -1)},outcome="${outcome}"}`, one[outcome]]),
      ),
    ),
    counter(
      'celeriac_task_retries_total',
      'Attempts that failed and were followed by another.',
      totals.map(({ retries }, at) => [lines[at] as string, retries]),
    ),
    counter(
      'celeriac_task_crashes_total',
      'Threads and processes that died under a job.',
      totals.map(({ crashes }, at) => [lines[at] as string, crashes]),
    ),
    histogram(
      'celeriac_task_duration_seconds',
      'Run time of attempts.',
      bounds,
      totals.map(({ run, runMs }, at) => ({ labels: lines[at] as string, counts: run, sum: runMs })),
    ),
    histogram(
      'celeriac_task_wait_seconds',
      'Time from when a job was due to when it began.',
      bounds,
      totals.map(({ wait, waitMs }, at) => ({ labels: lines[at] as string, counts: wait, sum: waitMs })),
    ),
    gauge(
      'celeriac_jobs',
      'Jobs in the file, by state.',
      Object.entries(states).map(([state, jobs]) => [labelText({ state }), jobs]),
    ),
    gauge(
      'celeriac_queue_depth',
      'Unfinished jobs of a queue that are due.',
      queues.flatMap(({ queue, pending, running }): Sample[] => [
        [labelText({ queue, state: 'pending' }), pending],
        [labelText({ queue, state: 'running' }), running],
      ]),
    ),
    gauge(
      'celeriac_queue_oldest_age_seconds',
      'How long the oldest job of a queue has been due and not begun.',
      queues.map(({ queue, oldest }) => [labelText({ queue }), oldest === null ? 0 : Math.max(0, at - oldest) / 1_000]),
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
        const sample = (loop: string, delay: number): Sample => [
          labelText({ ...processOf(process), loop }),
          delay / 1_000,
        ]
        return [sample('engine', engineDelay), ...(appDelay === null ? [] : [sample('app', appDelay)])]
      }),
    ),
    gauge('celeriac_pool_threads', 'Pool threads of this process.', [
      ['{state="busy"}', threads.busy],
      ['{state="idle"}', threads.idle],
    ]),
    gauge('celeriac_pool_threads_max', 'Most pool threads of this process.', now(threads.most)),
    gauge(
      'celeriac_event_loop_delay_seconds',
      'How late the event loop of this process was since the last scrape.',
      eventLoopDelay
        ? [
            ['{quantile="0.5"}', eventLoopDelay.p50 / 1_000],
            ['{quantile="0.99"}', eventLoopDelay.p99 / 1_000],
            ['{quantile="1"}', eventLoopDelay.max / 1_000],
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
  const lines = samples.map(([labels, value]) => `${name}${labels} ${value}\n`)
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`
}

/** Thousands of lines in a file of many tasks: what they share is put into words once. */
function histogram(name: string, help: string, bounds: readonly number[], series: Series[]): string {
  const places = [...bounds.map((bound) => `${bound / 1_000}`), '+Inf'].map((bound) => `,le="${bound}"} `)
  let text = `# HELP ${name} ${help}\n# TYPE ${name} histogram\n`
  for (const { labels, counts, sum } of series) {
    const bucket = `${name}_bucket${labels.slice(0, -1)}`
    let reached = 0
    for (const [at, place] of places.entries()) {
      reached += counts[at] ?? 0
      text += `${bucket}${place}${reached}\n`
    }
    text += `${name}_sum${labels} ${sum / 1_000}\n${name}_count${labels} ${reached}\n`
  }
  return text
}

function labelText(labels: Labels): string {
  return `{${Object.entries(labels)
    .map(([name, value]) => `${name}="${escaped(value)}"`)
    .join(',')}}`
}

function escaped(value: string): string {
  return value.replace(/[\\"\n]/g, (character) => (character === '\n' ? '\\n' : `\\${character}`))
}
