import { resolve } from 'node:path'
import type { JobFilter } from './domain/job-filter.ts'
import { type JobInfo, jobInfo } from './job-info.ts'
import { type FoundJobs, foundJobs, type PageOptions, pageAsked } from './job-page.ts'
import { integerOr, nameOf, optionsOf } from './options/check.ts'
import type { ReadingSource } from './reading/calls.ts'
import { DirectReading } from './reading/direct.ts'
import type {
  ChangeCursor,
  Changes,
  FileSize,
  JobLine,
  Measures,
  OrderLine,
  Overview,
  Pulse,
  QueueDepth,
  Recent,
  ScheduleLine,
  Throughput,
  ThroughputQuestion,
  Totals,
  WorkerLine,
} from './wire/reading.ts'

/** A job with its log and the jobs that it enqueued. Times of the last two in epoch ms. */
export interface JobPage {
  job: JobInfo
  log: { at: number; level: string; text: string }[]
  children: JobLine[]
}

/**
 * Reads the file, through a connection that cannot write, with or without a running app: what dashboards and tools
 * stand on. What it returns is plain data, times in epoch ms. No method costs more with more finished jobs.
 */
export class Reader {
  readonly #source: ReadingSource
  readonly #hidden: readonly string[] | false

  /** Made by `app.reader` (in a thread of its own) and by `Reader.open()`. */
  constructor(source: ReadingSource, hidden: readonly string[] | false) {
    this.#source = source
    this.#hidden = hidden
  }

  /**
   * Reads a file in this thread, without an app. Opens it at the first call.
   * @param options.redact paths to mask in arguments and results, beside those that the apps of the file mask; false shows
   *   everything as it is. Default: what the apps of the file mask
   */
  static open(database: string, options: { redact?: readonly string[] | false } = {}): Reader {
    return new Reader(new DirectReading(resolve(nameOf(database, 'database'))), options.redact ?? [])
  }

  /**
   * Jobs by state, the oldest that waits, live processes, sizes. Where more than 10,000 jobs wait, what is counted of them is
   * up to 1 ms old for each hundred, at most 2 s.
   */
  async overview(): Promise<Overview> {
    return this.#source.call('overview', Date.now())
  }

  /**
   * What ended lately, in spans of equal length up to now, the earliest first: outcomes, and quantiles of run and wait
   * times. By the minute for two days back.
   * @throws InvalidOption
   */
  async throughput(question: ThroughputQuestion = {}): Promise<Throughput[]> {
    const given = optionsOf(question, 'throughput()', ['minutes', 'step', 'task', 'queue'])
    const minutes = integerOr(given.minutes, 'throughput(): minutes', 60, 1, 2_880)
    const step = integerOr(given.step, 'throughput(): step', 1, 1, 1_440)
    return this.#source.call('throughput', { ...question, minutes, step }, Date.now())
  }

  /**
   * What ended in the last `minutes` (60), altogether and by task, with quantiles of run and wait times.
   * @throws InvalidOption
   */
  async recent(options: { minutes?: number } = {}): Promise<Recent> {
    const given = optionsOf(options, 'recent()', ['minutes'])
    return this.#source.call('recent', integerOr(given.minutes, 'recent(): minutes', 60, 1, 2_880), Date.now())
  }

  /** What has ended since the file was made, by task and queue, whether the jobs are still kept or not. */
  async totals(): Promise<Totals[]> {
    return this.#source.call('totals')
  }

  /** What monitoring asks for, in one look. */
  async measures(): Promise<Measures> {
    return this.#source.call('measures', Date.now())
  }

  /** One job with its attempts, its log and its children; null when the id is not in the file. */
  async job(id: string): Promise<JobPage | null> {
    const [detail, hidden] = await Promise.all([this.#source.call('job', nameOf(id, 'job id')), this.#masked()])
    return detail && { ...detail, job: jobInfo(detail.job, hidden) }
  }

  /**
   * Jobs that a filter means, the newest first. The work of a page is bounded, so one may hold fewer jobs than its limit,
   * or none, and still name a next one: go on until `next` is null.
   * @throws InvalidOption
   */
  async jobs(filter: JobFilter = {}, options: PageOptions = {}): Promise<FoundJobs> {
    const { terms, limit, after } = pageAsked(filter, options, Date.now())
    const [page, hidden] = await Promise.all([this.#source.call('jobs', terms, limit, after), this.#masked()])
    return foundJobs(page, hidden)
  }

  async #masked(): Promise<readonly string[]> {
    return this.#hidden === false ? [] : [...this.#hidden, ...(await this.#source.call('redacted'))]
  }

  /** What waits and runs, by queue and task; of long lines as old as in `overview()`. */
  async queues(): Promise<QueueDepth[]> {
    return this.#source.call('queues')
  }

  /** Pauses and rates of queues and tasks that somebody ordered and that are in force. */
  async orders(): Promise<OrderLine[]> {
    return this.#source.call('orders')
  }

  /** Processes that consume the file, and what each of them runs. */
  async workers(): Promise<WorkerLine[]> {
    return this.#source.call('workers', Date.now())
  }

  /** Every schedule with its last ten slots. */
  async schedules(): Promise<ScheduleLine[]> {
    return this.#source.call('schedules')
  }

  /**
   * What happened since an earlier look, in any process. Ask again with the cursor that came with the answer; the first
   * look, with none, only returns one. What happens too fast to be told of is counted in `skipped`.
   */
  async eventsSince(cursor: ChangeCursor | null = null): Promise<Changes> {
    return this.#source.call('eventsSince', cursor, Date.now())
  }

  /** A mark that is another one once something has happened, in any process: costs next to nothing, to be asked often. */
  async pulse(): Promise<Pulse> {
    return this.#source.call('pulse')
  }

  /** Sizes of the file and of its write-ahead log. */
  async file(): Promise<FileSize> {
    return this.#source.call('file')
  }

  /** Lets the file go. A later call opens it again. */
  async close(): Promise<void> {
    await this.#source.close()
  }
}
