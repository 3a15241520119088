import type { JobInfo } from '../../job-info.ts'
import type { OrderLine, QueueDepth, WorkerLine } from '../../wire/reading.ts'
import type { Meaning } from '../painter.ts'
import type { Terminal } from '../terminal.ts'
import { toJson } from './json.ts'
import { type Cell, type Column, table } from './table.ts'
import { ago, bytes, moment, safe, span } from './text.ts'

/** Longest text of arguments or a result in a table; the whole is in `inspect query` and in JSON. */
const SHOWN = 200

const MEANINGS: Readonly<Record<string, Meaning>> = {
  SUCCESS: 'good',
  FAILURE: 'bad',
  STARTED: 'busy',
  RETRY: 'busy',
  REVOKED: 'quiet',
  EXPIRED: 'quiet',
}

export function stateCell(state: string): Cell {
  const meaning = MEANINGS[state]
  return meaning ? [meaning, state] : state
}

/** A thread of a process by its number. */
export function threadCell(thread: number | null): Cell {
  return thread === 0 ? 'main' : (thread ?? '-')
}

/** A value in one line. */
export function brief(value: unknown): string {
  const text = toJson(value)
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text
}

/** Arguments as in a call. */
export function briefArgs(args: unknown): string {
  return Array.isArray(args)
    ? brief(args)
        .slice(1, args.length > 0 ? undefined : -1)
        .replace(/\]$/, '')
    : brief(args)
}

export function workerTable(workers: readonly WorkerLine[], now: number, terminal: Terminal): string {
  const columns: Column[] = [
    { heading: 'PID', right: true },
    { heading: 'APP', flexible: true },
    { heading: 'HOST', flexible: true, optional: true },
    { heading: 'ROLE' },
    { heading: 'THREADS', right: true },
    { heading: 'RUNNING', right: true },
    { heading: 'UP', right: true },
    { heading: 'MEMORY', right: true, optional: true },
    { heading: 'RESTARTS', right: true, optional: true },
    { heading: 'LOOP', right: true, optional: true },
    { heading: 'STATE' },
  ]
  return table(
    columns,
    workers.map(({ pid, app, host, role, threads, running, startedAt, alive, silentSince, vitals }) => [
      pid,
      app,
      host,
      role,
      role === 'beat' ? '-' : threads,
      running.length,
      span(now - startedAt),
      bytes(vitals.memory),
      role === 'beat' ? '-' : vitals.restarts,
      span(Math.max(vitals.engineDelay, vitals.appDelay ?? 0)),
      silentSince === null
        ? ['good', 'online']
        : ['bad', `${alive ? 'hung' : 'dead'}, silent for ${ago(silentSince, now)}`],
    ]),
    terminal,
  )
}

export function queueTable(queues: readonly QueueDepth[], now: number, terminal: Terminal): string {
  const columns: Column[] = [
    { heading: 'QUEUE', flexible: true },
    { heading: 'WAITING', right: true },
    { heading: 'RUNNING', right: true },
    { heading: 'OLDEST', right: true },
    { heading: 'TASKS', flexible: true },
  ]
  return table(
    columns,
    queues.map(({ queue, pending, running, oldest, tasks }) => [
      queue,
      pending,
      running,
      ago(oldest, now),
      tasks.map(({ task, handled }) => (handled ? task : `${task} (no handler)`)).join(', '),
    ]),
    terminal,
  )
}

/** Jobs in one line each. */
export function jobTable(jobs: readonly JobInfo[], now: number, terminal: Terminal): string {
  const columns: Column[] = [
    { heading: 'ID' },
    { heading: 'TASK', flexible: true },
    { heading: 'QUEUE', optional: true },
    { heading: 'STATE' },
    { heading: 'ATTEMPT', right: true, optional: true },
    { heading: 'ENQUEUED', right: true, optional: true },
    { heading: 'TOOK', right: true, optional: true },
    { heading: 'DETAIL', flexible: true },
  ]
  return table(
    columns,
    jobs.map((job) => [
      job.id,
      job.task,
      job.queue,
      stateCell(job.state),
      `${job.attempt}/${job.maxAttempts}`,
      `${ago(job.enqueuedAt, now)} ago`,
      tookOf(job),
      detailOf(job),
    ]),
    terminal,
  )
}

function tookOf({ startedAt, finishedAt }: JobInfo): string {
  return startedAt && finishedAt ? span(finishedAt.getTime() - startedAt.getTime()) : '-'
}

/** What one would ask next of a job in this state. */
function detailOf(job: JobInfo): string {
  if (job.state === 'FAILURE' || job.state === 'RETRY')
    return job.error ? `${job.error.name}: ${job.error.message}` : ''
  if (job.state === 'SUCCESS') return job.result === undefined ? '' : `→ ${brief(job.result)}`
  if (job.state === 'REVOKED') return job.revokeReason ?? ''
  if (job.state === 'SCHEDULED') return `at ${moment(job.eta)}`
  return briefArgs(job.args)
}

export function asDates<T extends object>(row: T, ...keys: (keyof T)[]): T {
  const dated = { ...row }
  for (const key of keys) {
    const time = row[key]
    if (typeof time === 'number') dated[key] = new Date(time) as T[keyof T]
  }
  return dated
}

export function workerData(worker: WorkerLine): unknown {
  const running = worker.running.map((job) => asDates(job, 'enqueuedAt', 'startedAt', 'finishedAt'))
  return { ...asDates(worker, 'startedAt', 'beatAt', 'silentSince'), running }
}

/** A pause or a rate that somebody ordered, in words. */
export function orderText({ kind, name, pausedAt, rate }: OrderLine, now: number, terminal: Terminal): string {
  const paused = pausedAt === null ? [] : [`paused for ${ago(pausedAt, now)}`]
  const limited = rate === null ? [] : [rate === 'none' ? 'no rate limit, by order' : `at most ${rate}, by order`]
  return terminal.paint('busy', safe(`${kind} ${name}: ${[...paused, ...limited].join(', ')}`))
}

export function orderData(order: OrderLine): unknown {
  return asDates(order, 'pausedAt')
}

export function queueData(queue: QueueDepth): unknown {
  return asDates(queue, 'oldest')
}
