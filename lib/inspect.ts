import type { JobFilter } from './domain/job-filter.ts'
import { explainObstacle } from './explain-obstacle.ts'
import { type JobInfo, jobInfo } from './job-info.ts'
import { type FoundJobs, foundJobs, type PageOptions, pageAsked } from './job-page.ts'
import { nameOf } from './options/check.ts'
import { filterTerms } from './options/filter-options.ts'
import type { ResultSource } from './result.ts'
import type { StoredJob, StoredPage } from './wire/messages.ts'
import type { LineName, Obstacle } from './wire/obstacle.ts'

import { askWorkers, inspected, type WorkerReply, type WorkersAsked } from './workers-asked.ts'

/** A task as it is declared here. */
export interface RegisteredTask {
  name: string
  queue: string
  priority: number
  runIn: 'thread' | 'main'
  codec: 'json' | 'v8'
  maxRetries: number
  /** Most jobs at once, of the task or of each of its keys; null for no limit. */
  concurrency: number | null
  /** Declared rate, such as `'10/s'`, of the task or of each of its keys; null for none. */
  rateLimit: string | null
}

export interface QueueInfo {
  queue: string
  /** Jobs that are due and wait, in all processes. */
  waiting: number
  running: number
  /** Since when the oldest waiting job has been due. */
  oldest: Date | null
  /** Waiting jobs whose task no live process declares. */
  noHandler: number
  concurrency: number | null
  /** Whether `control.pause()` holds it back. */
  paused: boolean
  /** The rate in force, such as `'10/s'`. */
  rateLimit: string | null
}

export interface WorkerInfo {
  key: string
  app: string
  host: string
  pid: number
  role: string
  threads: number
  startedAt: Date
  tasks: string[]
}

/** A process that is or was on the file. */
export interface KnownWorker {
  key: string
  app: string
  host: string
  pid: number
  startedAt: Date
  /** Whether it is still on the file. */
  present: boolean
}

export interface Stats {
  key: string
  pid: number
  role: string | null
  database: string
  /** Pool threads open now. */
  threads: number
  /** Those among them that run jobs. */
  busy: number
  /** Threads that were told to end and are stuck in native code. */
  stuck: number
  /** Threads that ended since the start and were replaced: at a limit, by force, with a crash, or after their share. */
  restarts: number
  concurrency: number
  /** Resident memory of the process, in bytes. */
  memory: number
  /** Jobs in the file, by state; those that there are none in are left out. Of long lines as old as in `reader.overview()`. */
  states: Record<string, number>
}

/** That a process's engine answers. */
export interface Pong {
  key: string
  pid: number
  at: Date
  /** Threads that were told to end and are stuck in native code. */
  stuck: number
  /** Why it cannot write at the moment, while it tries again, or cannot run anything. */
  fault: { message: string } | null
}

/** Looks at what the file and this process hold; changes nothing. */
export class Inspect {
  readonly #source: ResultSource
  readonly #registered: () => RegisteredTask[]
  readonly #counted: () => Promise<Stats['states']>

  /** @param counted jobs of the file by state, of all states */
  constructor(source: ResultSource, registered: () => RegisteredTask[], counted: () => Promise<Stats['states']>) {
    this.#source = source
    this.#registered = registered
    this.#counted = counted
  }

  /** Jobs that run now, in all processes, as the file says; at most 1,000. With options, what each process asked says of itself. */
  async active(): Promise<JobInfo[]>
  async active(asked: WorkersAsked): Promise<WorkerReply<JobInfo[]>[]>
  async active(asked?: WorkersAsked): Promise<JobInfo[] | WorkerReply<JobInfo[]>[]> {
    return this.#jobsOf('active', asked)
  }

  /** Jobs handed to a thread of this process, or of those asked, and not begun. */
  async reserved(): Promise<JobInfo[]>
  async reserved(asked: WorkersAsked): Promise<WorkerReply<JobInfo[]>[]>
  async reserved(asked?: WorkersAsked): Promise<JobInfo[] | WorkerReply<JobInfo[]>[]> {
    return this.#jobsOf('reserved', asked)
  }

  /** Jobs that wait for their time, an eta or the next attempt. At most 2,000. */
  async scheduled(): Promise<JobInfo[]> {
    return this.#jobs('scheduled')
  }

  /** Tasks declared in this process. */
  registered(): RegisteredTask[] {
    return this.#registered()
  }

  /** Of this process, or of those asked. */
  async stats(): Promise<Stats>
  async stats(asked: WorkersAsked): Promise<WorkerReply<Stats>[]>
  async stats(asked?: WorkersAsked): Promise<Stats | WorkerReply<Stats>[]> {
    const to = inspected(asked, 'stats()')
    if (!to) {
      const own = await this.#source.requests().ask<Omit<Stats, 'states'>>({ about: 'stats' })
      return { ...own, states: await this.#states() }
    }
    const replies = await askWorkers(this.#source, { verb: 'stats', ...to }, (value: Omit<Stats, 'states'>) => value)
    const states = await this.#states()
    return replies.map((reply) => ({ ...reply, value: reply.value && { ...reply.value, states } }))
  }

  async #states(): Promise<Stats['states']> {
    return Object.fromEntries(Object.entries(await this.#counted()).filter(([, jobs]) => jobs > 0))
  }

  /** Queues with jobs that wait or run, and those with a setting of their own: a limit, a rate, a pause. */
  async queues(): Promise<QueueInfo[]> {
    const rows = await this.#source.requests().ask<(Omit<QueueInfo, 'oldest'> & { oldest: number | null })[]>({
      about: 'queues',
    })
    return rows.map((row) => ({ ...row, oldest: row.oldest === null ? null : new Date(row.oldest) }))
  }

  /** What `control.pause()` holds back. */
  async paused(): Promise<{ queues: string[]; tasks: string[] }> {
    const lines = await this.#source.requests().ask<LineName[]>({ about: 'paused' })
    const names = (kind: LineName['kind']): string[] => lines.flatMap((line) => (line.kind === kind ? line.name : []))
    return { queues: names('queue'), tasks: names('task') }
  }

  /** Processes that consume this file now. */
  async workers(): Promise<WorkerInfo[]> {
    const rows = await this.#source.requests().ask<(Omit<WorkerInfo, 'startedAt'> & { startedAt: number })[]>({
      about: 'workers',
    })
    return rows.map(({ key, app, host, pid, role, threads, startedAt, tasks }) => {
      return { key, app, host, pid, role, threads, startedAt: new Date(startedAt), tasks }
    })
  }

  /** The process that a job's `worker` names, also after it has left; null for one that is not known, or long gone. */
  async worker(key: string): Promise<KnownWorker | null> {
    const row = await this.#source.requests().ask<(Omit<KnownWorker, 'startedAt'> & { startedAt: number }) | null>({
      about: 'worker',
      key: nameOf(key, 'key'),
    })
    return row && { ...row, startedAt: new Date(row.startedAt) }
  }

  /** One job, or null when the id was never stored. */
  async query(id: string): Promise<JobInfo | null> {
    const job = await this.#source.requests().ask<StoredJob | null>({ about: 'job', id: nameOf(id, 'job id') })
    return job && jobInfo(job, this.#source.hidden)
  }

  /**
   * Jobs that a filter means, the newest first. The work of a page is bounded, so one may hold fewer jobs than its limit,
   * or none, and still name a next one: go on until `next` is null.
   * @throws InvalidOption
   */
  async jobs(filter: JobFilter = {}, options: PageOptions = {}): Promise<FoundJobs> {
    const { terms, limit, after } = pageAsked(filter, options, Date.now())
    const page = await this.#source.requests().ask<StoredPage>({ about: 'jobs', terms, limit, after })
    return foundJobs(page, this.#source.hidden)
  }

  /**
   * How many jobs a filter means. A full count walks over what the filter gives no index for, a slice at a time.
   * @throws InvalidOption
   */
  async count(filter: JobFilter = {}): Promise<number> {
    const terms = filterTerms(filter, 'count()', Date.now())
    let total = 0
    let after: number | null = null
    do {
      const part: { count: number; next: number | null } = await this.#source
        .requests()
        .ask({ about: 'count', terms, after })
      total += part.count
      after = part.next
    } while (after !== null)
    return total
  }

  /** Lines that a job's task wrote with `currentTask().log`. */
  async log(id: string): Promise<{ at: Date; level: string; text: string }[]> {
    const rows = await this.#source.requests().ask<{ at: number; level: string; text: string }[]>({
      about: 'log',
      id: nameOf(id, 'job id'),
    })
    return rows.map((row) => ({ ...row, at: new Date(row.at) }))
  }

  /** In words, why a job is not running. */
  async explain(id: string): Promise<string> {
    const job = await this.query(id)
    if (!job) return `no job ${id} is stored in this file`
    switch (job.state) {
      case 'SCHEDULED':
        return `waits for its time, ${job.eta?.toISOString()}`
      case 'RETRY':
        return `attempt ${job.attempt} failed (${job.error?.message ?? 'no error kept'}); the next one begins at ${job.eta?.toISOString()}`
      case 'PENDING':
        return this.#whyPending(job)
      case 'BLOCKED':
        return explainObstacle(await this.#obstacle(job)) ?? 'waits for other jobs to end'
      case 'STARTED':
        return `has been running since ${job.startedAt?.toISOString()}, attempt ${job.attempt}`
      default:
        return `ended as ${job.state} at ${job.finishedAt?.toISOString()}`
    }
  }

  /** Whether this process's engine answers, or those of the processes asked. */
  async ping(): Promise<Pong>
  async ping(asked: WorkersAsked): Promise<WorkerReply<Pong>[]>
  async ping(asked?: WorkersAsked): Promise<Pong | WorkerReply<Pong>[]> {
    const to = inspected(asked, 'ping()')
    const pong = (answer: Omit<Pong, 'at'> & { at: number }): Pong => ({ ...answer, at: new Date(answer.at) })
    if (!to) return pong(await this.#source.requests().ask({ about: 'ping' }))
    return askWorkers(this.#source, { verb: 'ping', ...to }, pong)
  }

  async #whyPending(job: JobInfo): Promise<string> {
    const workers = (await this.workers()).filter((worker) => worker.role !== 'beat')
    if (workers.length === 0) return 'is due, but no process consumes this file — call app.start()'
    if (!workers.some((worker) => worker.tasks.includes(job.task))) {
      return `has no handler: none of the ${workers.length} live processes declares a task "${job.task}"`
    }
    return explainObstacle(await this.#obstacle(job)) ?? 'is due and waits for a free thread'
  }

  async #obstacle({ id }: JobInfo): Promise<Obstacle | null> {
    return this.#source.requests().ask<Obstacle | null>({ about: 'obstacle', id })
  }

  async #jobsOf(
    about: 'active' | 'reserved',
    asked: WorkersAsked | undefined,
  ): Promise<JobInfo[] | WorkerReply<JobInfo[]>[]> {
    const to = inspected(asked, `${about}()`)
    if (!to) return this.#jobs(about)
    return askWorkers(this.#source, { verb: about, ...to }, (jobs: StoredJob[]) =>
      jobs.map((job) => jobInfo(job, this.#source.hidden)),
    )
  }

  async #jobs(about: 'active' | 'reserved' | 'scheduled'): Promise<JobInfo[]> {
    return (await this.#source.requests().ask<StoredJob[]>({ about })).map((job) => jobInfo(job, this.#source.hidden))
  }
}
