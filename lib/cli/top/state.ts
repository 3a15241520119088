import type { Overview, QueueDepth, Throughput, WorkerLine } from '../../wire/reading.ts'

/** A job that runs, and where. */
export interface RunningJob {
  id: string
  task: string
  queue: string
  attempt: number
  startedAt: number | null
  pid: number
  thread: number | null
}

/** What was seen of the file at one look. */
export interface Seen {
  overview: Overview
  workers: readonly WorkerLine[]
  queues: readonly QueueDepth[]
  /** What ended in the last minutes, the latest last. */
  throughput: readonly Throughput[]
  /** Jobs that have ended since the file was made. */
  ended: number
  /** Ended since the look before, per second; null at the first. */
  endedPerSecond: number | null
}

export const SORTS = ['time', 'task', 'queue'] as const
export type Sort = (typeof SORTS)[number]

/** Everything that the screen shows. */
export interface TopState {
  /** Null until the first look. */
  seen: Seen | null
  sort: Sort
  /** What the arrow keys move in. */
  focus: 'jobs' | 'queues'
  /** Id of the job, or name of the queue, that keys act on. */
  chosen: string | null
  /** The last thing that was done, or went wrong. */
  notice: string | null
  help: boolean
}

export const FIRST_STATE: TopState = {
  seen: null,
  sort: 'time',
  focus: 'jobs',
  chosen: null,
  notice: null,
  help: false,
}

/** What runs, in the order wanted; the longest running first. */
export function runningJobs({ seen, sort }: TopState): RunningJob[] {
  const jobs = (seen?.workers ?? []).flatMap(({ pid, running }) =>
    running.map(({ id, task, queue, attempt, startedAt, thread }) => ({
      id,
      task,
      queue,
      attempt,
      startedAt,
      pid,
      thread,
    })),
  )
  const time = (a: RunningJob, b: RunningJob): number => (a.startedAt ?? 0) - (b.startedAt ?? 0)
  const key = sort === 'time' ? null : sort
  return jobs.sort((a, b) => (key && a[key] !== b[key] ? (a[key] < b[key] ? -1 : 1) : time(a, b)))
}

/** Keys of the lines that can be chosen now. */
export function choices(state: TopState): string[] {
  if (state.focus === 'jobs') return runningJobs(state).map(({ id }) => id)
  return (state.seen?.queues ?? []).map(({ queue }) => queue)
}

/** The chosen line, or the first while the chosen one is gone. */
export function chosenIn(state: TopState): string | null {
  const all = choices(state)
  return state.chosen !== null && all.includes(state.chosen) ? state.chosen : (all[0] ?? null)
}
