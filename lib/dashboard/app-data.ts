import { redact } from '../domain/redact.ts'
import { InvalidOption } from '../errors.ts'
import { type Celeriac, type JobInfo, type JobLine, parseJobFilter } from '../index.ts'
import type {
  AuditEntry,
  ChangeCursor,
  Changes,
  DashboardData,
  JobDetail,
  ListedJob,
  ListPage,
  Pulse,
  QueueRow,
  ScheduleRow,
  Summary,
  TaskRow,
  WorkerLine,
} from './data.ts'

/** How long the counts in the side bar may be behind, in ms. */
const STATES_KEPT = 500
/** Slots ahead that a schedule shows. */
const SLOTS_AHEAD = 5
/** Most queues that show what ended in them, and how far back, in minutes. */
const RATED = 50
const RATE_MINUTES = 30
const NOTHING_WAITS = { pending: 0, running: 0, oldest: null, tasks: [] }

/** The pages' data out of a running app: read in the app's reader thread, explained by its engine. */
export class AppData implements DashboardData {
  readonly name: string
  readonly #app: Celeriac
  readonly #redact: readonly string[]
  readonly #now: () => number
  #states: { at: number; states: Promise<Record<string, number>> } | null = null

  /** @param redact paths to mask besides the app's own */
  constructor(app: Celeriac, redact: readonly string[], now: () => number) {
    this.#app = app
    this.name = app.name
    this.#redact = redact
    this.#now = now
  }

  states(): Promise<Record<string, number>> {
    const now = this.#now()
    if (!this.#states || now - this.#states.at > STATES_KEPT) {
      const states = this.#readStates()
      states.catch(() => {
        this.#states = null
      })
      this.#states = { at: now, states }
    }
    return this.#states.states
  }

  async #readStates(): Promise<Record<string, number>> {
    try {
      return (await this.#app.reader.overview()).states
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'DATABASE_UNAVAILABLE') throw error
      // Nothing was ever stored: the engine makes the file when it is asked for something.
      await this.#app.inspect.ping()
      return (await this.#app.reader.overview()).states
    }
  }

  async summary(): Promise<Summary> {
    const { reader } = this.#app
    const [{ states, workers, threads, oldestWaiting, file }, spans, recent] = await Promise.all([
      reader.overview(),
      reader.throughput({ minutes: 60 }),
      reader.recent({ minutes: 60 }),
    ])
    return {
      states,
      minutes: spans.map(({ at, success, failure, retries }) => {
        return { at: new Date(at), succeeded: success, failed: failure, retried: retries }
      }),
      tasks: recent.tasks.flatMap(({ task, failure, run, wait }) =>
        run
          ? [
              {
                task,
                runs: run.count,
                failed: failure,
                p50: run.p50,
                p95: run.p95,
                p99: run.p99,
                waitP95: wait?.p95 ?? null,
              },
            ]
          : [],
      ),
      run: recent.all.run && { p50: recent.all.run.p50, p95: recent.all.run.p95 },
      waitP95: recent.all.wait?.p95 ?? null,
      oldestWaiting: oldestWaiting === null ? null : new Date(oldestWaiting),
      workers,
      threads,
      fileBytes: file.bytes,
      walBytes: file.walBytes,
    }
  }

  async jobs(filter: string, { limit, after }: { limit: number; after?: string }): Promise<ListPage> {
    if (after !== undefined && !/^-?\d{1,16}$/.test(after))
      throw new InvalidOption(`"after" is ${after} — follow a link of the list`)
    const found = await this.#app.reader.jobs(parseJobFilter(filter), {
      limit,
      ...(after !== undefined && { after: Number(after) }),
    })
    const { jobs, next, reached } = found
    return { jobs: jobs.map((job) => this.#listed(job)), next: next === null ? null : String(next), reached }
  }

  async job(id: string): Promise<JobDetail | null> {
    const found = await this.#app.reader.job(id)
    if (!found) return null
    const { job, log, children } = found
    const [explain, workers] = await Promise.all([this.#app.inspect.explain(id), this.workers()])
    return {
      info: {
        ...job,
        args: redact(job.args, this.#redact) as unknown[],
        result: redact(job.result, this.#redact),
      },
      log: log.map((line) => ({ ...line, at: new Date(line.at) })),
      explain,
      children: children.map(fromLine),
      process: workers.find(({ key }) => key === job.worker) ?? null,
    }
  }

  async queues(): Promise<QueueRow[]> {
    const [depths, known] = await Promise.all([this.#app.reader.queues(), this.#app.inspect.queues()])
    // A queue that tasks are declared for stays in its place while it is empty.
    const declared = this.#app.inspect.registered()
    const names = [...new Set([...depths, ...known, ...declared].map(({ queue }) => queue))].sort(byName)
    const minutes = await Promise.all(names.slice(0, RATED).map((queue) => this.#ended(queue)))
    return names.map((queue, i) => {
      const info = known.find((one) => one.queue === queue)
      const depth = depths.find((one) => one.queue === queue) ?? NOTHING_WAITS
      const { concurrency = null, paused = false, rateLimit = null } = info ?? {}
      return { ...depth, queue, concurrency, paused, rateLimit, minutes: minutes[i] ?? [] }
    })
  }

  async #ended(queue: string): Promise<number[]> {
    const spans = await this.#app.reader.throughput({ queue, minutes: RATE_MINUTES })
    return spans.map(({ success, failure }) => success + failure)
  }

  async tasks(): Promise<TaskRow[]> {
    const { tasks } = await this.#app.inspect.paused()
    const rows = this.#app.inspect.registered().map((task) => ({ ...task, paused: tasks.includes(task.name) }))
    return rows.sort((a, b) => byName(a.name, b.name))
  }

  async schedules(): Promise<ScheduleRow[]> {
    const [lines, known] = await Promise.all([this.#app.reader.schedules(), this.#app.schedules.list()])
    return lines.map((line) => {
      const more = known.find(({ name }) => name === line.name) ?? null
      return { ...line, more, preview: more?.declared && !more.edited ? this.#preview(line.name) : null }
    })
  }

  workers(): Promise<WorkerLine[]> {
    return this.#app.reader.workers()
  }

  audit(limit: number): Promise<AuditEntry[]> {
    return this.#app.audit.list({ limit })
  }

  changes(cursor: ChangeCursor | null): Promise<Changes> {
    return this.#app.reader.eventsSince(cursor)
  }

  pulse(): Promise<Pulse> {
    return this.#app.reader.pulse()
  }

  #preview(name: string): ScheduleRow['preview'] {
    try {
      return this.#app.schedules.preview(name, SLOTS_AHEAD)
    } catch {
      return null
    }
  }

  #listed(job: JobInfo): ListedJob {
    const { id, task, queue, state, attempt, maxAttempts, error, tags, enqueuedAt, eta, startedAt, finishedAt } = job
    return {
      id,
      task,
      queue,
      state,
      attempt,
      maxAttempts,
      args: redact(job.args, this.#redact) as unknown[],
      error: error && state !== 'SUCCESS' ? (`${error.name}: ${error.message}`.split('\n')[0] as string) : null,
      tags,
      enqueuedAt,
      eta,
      startedAt,
      finishedAt,
    }
  }
}

/** `tenant-2` before `tenant-10`. */
const byName = new Intl.Collator('en', { numeric: true }).compare

function fromLine(line: JobLine): ListedJob {
  const { id, task, queue, state, attempt, enqueuedAt, startedAt, finishedAt } = line
  return {
    id,
    task,
    queue,
    state,
    attempt,
    maxAttempts: null,
    args: null,
    error: null,
    tags: [],
    enqueuedAt: new Date(enqueuedAt),
    eta: null,
    startedAt: startedAt === null ? null : new Date(startedAt),
    finishedAt: finishedAt === null ? null : new Date(finishedAt),
  }
}
