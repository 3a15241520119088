import type {
  AuditEntry,
  Change,
  ChangeCursor,
  Changes,
  JobInfo,
  Pulse,
  QueueDepth,
  RegisteredTask,
  RunningLine,
  ScheduleInfo,
  ScheduleLine,
  WorkerLine,
} from '../index.ts'

/** A job as a line of a list. */
export interface ListedJob {
  id: string
  task: string
  queue: string
  state: string
  attempt: number
  /** Null where the list does not know. */
  maxAttempts: number | null
  /** Masked; null where the list does not know. */
  args: unknown[] | null
  /** Name and message of the last error. */
  error: string | null
  tags: readonly string[]
  enqueuedAt: Date
  eta: Date | null
  startedAt: Date | null
  finishedAt: Date | null
}

export interface ListPage {
  jobs: ListedJob[]
  /** What to pass for the page that follows, or null behind the last one. */
  next: string | null
  /** Set when the search broke off: as far back as this it has looked. */
  reached: Date | null
}

/** What happened in one minute. */
export interface Minute {
  at: Date
  succeeded: number
  failed: number
  retried: number
}

/** Run times of a task, in ms. */
export interface TaskTimes {
  task: string
  runs: number
  failed: number
  p50: number
  p95: number
  p99: number
  /** From due to begun. */
  waitP95: number | null
}

export interface Summary {
  states: Record<string, number>
  /** The last hour, oldest first; empty where nothing is recorded. */
  minutes: Minute[]
  tasks: TaskTimes[]
  /** Run times of the last hour, in ms. */
  run: { p50: number; p95: number } | null
  /** p95 of the time between due and begun in the last hour, in ms. */
  waitP95: number | null
  oldestWaiting: Date | null
  workers: number
  /** Most threads that the live processes may open. */
  threads: number
  fileBytes: number
  walBytes: number
}

export interface QueueRow extends QueueDepth {
  concurrency: number | null
  paused: boolean
  /** Jobs that ended in each of the last 30 minutes, oldest first. */
  minutes: number[]
  /** Null where there is none. */
  rateLimit: string | null
}

export interface JobDetail {
  info: JobInfo
  log: { at: Date; level: string; text: string }[]
  explain: string
  children: ListedJob[]
  /** The process that has it or had it last; null when it is gone, or there was none. */
  process: { pid: number; host: string } | null
}

export interface ScheduleRow extends ScheduleLine {
  /** What only the engine knows; null for a schedule that was removed meanwhile. */
  more: ScheduleInfo | null
  /** Null where the times in the file are not those that the running code declares. */
  preview: { at: Date; movedByDst: boolean }[] | null
}

/** A task that this process declares. */
export interface TaskRow extends RegisteredTask {
  paused: boolean
}

export type { AuditEntry, Change, ChangeCursor, Changes, Pulse, RunningLine, WorkerLine }

/** Everything that the pages show. Arguments and results are masked before they come out of here. */
export interface DashboardData {
  readonly name: string
  /** Jobs in the file by state, read at most twice a second. */
  states(): Promise<Record<string, number>>
  summary(): Promise<Summary>
  /** @throws InvalidOption when the filter or the place cannot be read */
  jobs(filter: string, page: { limit: number; after?: string }): Promise<ListPage>
  job(id: string): Promise<JobDetail | null>
  queues(): Promise<QueueRow[]>
  tasks(): Promise<TaskRow[]>
  schedules(): Promise<ScheduleRow[]>
  workers(): Promise<WorkerLine[]>
  audit(limit: number): Promise<AuditEntry[]>
  changes(cursor: ChangeCursor | null): Promise<Changes>
  pulse(): Promise<Pulse>
}
