import { BOUNDS } from '../domain/histogram.ts'
import type { FilterTerms } from '../domain/job-filter.ts'
import { formatRate } from '../domain/rate.ts'
import type { State } from '../domain/states.ts'
import type { StoredPage } from '../wire/messages.ts'
import type {
  ChangeCursor,
  Changes,
  FileSize,
  JobDetail,
  Measures,
  OrderLine,
  Overview,
  ProcessLine,
  Pulse,
  QueueDepth,
  QueueTask,
  Recent,
  ScheduleLine,
  Throughput,
  ThroughputQuestion,
  Totals,
  WorkerLine,
} from '../wire/reading.ts'
import { readObject } from '../wire/stored-json.ts'
import { Pace } from './jobs/pace.ts'
import { jobPage } from './jobs/page.ts'
import type { ProcessRow } from './processes.ts'
import { ReadConnection } from './reading/connection.ts'
import { type Parts, partsOf } from './reading/parts.ts'
import { type Sign, Silence } from './reading/silence.ts'

/** Slots of each schedule that a list of schedules shows. */
const SLOTS = 10
/** Longest that one page of a search may take, in ms. */
const SEARCHED_FOR = 20

/**
 * Everything that is shown of a file, read without the app's help, so that it works when no app runs. No method costs
 * more with more finished jobs, and none writes.
 */
export class Reading {
  readonly #connection: ReadConnection<Parts>
  readonly #silence: Silence

  /** Opens nothing yet. @param path of the database file */
  constructor(path: string) {
    this.#connection = new ReadConnection(path, partsOf)
    this.#silence = new Silence(path)
  }

  overview(now: number): Overview {
    return this.#connection.read((read) =>
      this.#overview(read, read.depths.get(performance.now()), read.processes.all(), now),
    )
  }

  #overview(
    { states, pruning, files }: Parts,
    depths: readonly QueueDepth[],
    processes: readonly ProcessRow[],
    now: number,
  ): Overview {
    const signs = this.#silence.of(processes, now)
    const silent = ({ key }: ProcessRow): boolean => signs.get(key)?.silentSince !== null
    const consumers = processes.filter((row) => row.role !== 'beat' && !silent(row))
    const oldest = depths.flatMap((queue) => queue.oldest ?? [])
    return {
      at: now,
      states: { ...states.get(performance.now()) },
      oldestWaiting: oldest.length === 0 ? null : Math.min(...oldest),
      workers: consumers.length,
      threads: consumers.reduce((sum, { threads }) => sum + threads, 0),
      silent: processes.filter(silent).length,
      prunedUntil: pruning.until(),
      file: files.read(),
    }
  }

  /** Jobs by state, all states. */
  states(): Record<State, number> {
    return this.#connection.read(({ states }) => ({ ...states.get(performance.now()) }))
  }

  /** What ended, in spans of equal length up to now, the earliest first. */
  throughput(question: ThroughputQuestion, now: number): Throughput[] {
    return this.#connection.read(({ statistics }) => statistics.throughput(question, now))
  }

  /** What ended in the last `minutes`, altogether and by task. */
  recent(minutes: number, now: number): Recent {
    return this.#connection.read(({ statistics }) => statistics.recent(minutes, now))
  }

  /** What has ended since the file was made, by task and queue. */
  totals(): Totals[] {
    return this.#connection.read(({ statistics }) => statistics.totals())
  }

  measures(now: number): Measures {
    return this.#connection.read((read) => {
      const all = read.processes.all()
      const depths = read.depths.get(performance.now())
      const { states, workers, file } = this.#overview(read, depths, all, now)
      const processes = this.#processLines(all, now)
      const totals = read.statistics.totals()
      return { at: now, states, totals, bounds: BOUNDS, queues: handledIn(depths, all), workers, processes, file }
    })
  }

  /** One job with its attempts, its log and its children; null when the id is not in the file. */
  job(id: string): JobDetail | null {
    return this.#connection.read(({ jobs, lines, logs }) => {
      const job = jobs.job(id)
      return job && { job, log: logs.of(id), children: lines.children(id) }
    })
  }

  /**
   * A page of the jobs that a filter means, the newest first. The work of a page is bounded: it may hold fewer jobs than its
   * limit, or none, and still name a next one.
   */
  jobs(terms: FilterTerms, limit: number, after: number | null): StoredPage {
    return this.#connection.read(({ search, jobs }) => {
      const pace = new Pace(SEARCHED_FOR, () => performance.now())
      return jobPage(search, jobs, { terms, limit, after }, pace)
    })
  }

  /** Pauses and rates of queues and tasks that are in force by order. */
  orders(): OrderLine[] {
    return this.#connection.read(({ controls }) =>
      controls
        .all()
        .filter(({ pausedAt, rate }) => pausedAt !== null || rate !== null)
        .map(({ kind, name, pausedAt, rate }) => {
          return { kind, name, pausedAt, rate: rate === null || rate === 'none' ? rate : formatRate(rate) }
        }),
    )
  }

  queues(): QueueDepth[] {
    return this.#connection.read(({ depths, processes }) => handledIn(depths.get(performance.now()), processes.all()))
  }

  /** Processes that consume the file, and what each of them runs. */
  workers(now: number): WorkerLine[] {
    return this.#connection.read(({ processes, lines }) => {
      const running = lines.running()
      const all = processes.all()
      const shown = this.#processLines(all, now)
      return all.map(({ id, threads, startedAt, beatAt, tasks }, i) => {
        return { ...(shown[i] as ProcessLine), threads, startedAt, beatAt, tasks, running: running.get(id) ?? [] }
      })
    })
  }

  schedules(): ScheduleLine[] {
    return this.#connection.read(({ schedules, slots }) =>
      schedules.all().map((row) => {
        const { task, queue } = {
          task: '',
          queue: '',
          ...(readObject(row.job) as { task: string; queue: string } | null),
        }
        const { name, spec, rules, runs, misfire, overlap, nextSlot, lastSlot, error } = row
        const ledger = slots.ledger(name, 0, Number.MAX_SAFE_INTEGER, SLOTS)
        const flags = {
          paused: row.paused === 1,
          declared: row.declared === 1 && row.disabled === 0,
          edited: row.edited === 1,
        }
        return { name, spec, rules, runs, task, queue, misfire, overlap, ...flags, nextSlot, lastSlot, error, ledger }
      }),
    )
  }

  /** What happened since an earlier look. @param cursor null for the first look, which only returns the cursor */
  eventsSince(cursor: ChangeCursor | null, now: number): Changes {
    return this.#connection.read(({ feed, waiting, processes, counts }) => {
      return feed.since(cursor, waiting.all(), processes.all(), counts.ended(), now)
    })
  }

  /** Whether something happened, for whoever does not ask what. */
  pulse(): Pulse {
    return this.#connection.read(({ pulse }) => pulse.read())
  }

  /** Paths that the apps of the file want masked in arguments and results. */
  redacted(): string[] {
    return this.#connection.read(({ redacted }) => redacted.all())
  }

  file(): FileSize {
    return this.#connection.read(({ files }) => files.read())
  }

  close(): void {
    this.#connection.close()
    this.#silence.close()
  }

  #processLines(all: readonly ProcessRow[], now: number): ProcessLine[] {
    const signs = this.#silence.of(all, now)
    return all.map(({ key, app, host, pid, role, vitals }) => {
      return { key, app, host, pid, role, ...(signs.get(key) as Sign), vitals }
    })
  }
}

/** Depths with whether a live process declares each task. */
function handledIn(depths: readonly QueueDepth[], processes: readonly ProcessRow[]): QueueDepth[] {
  const handled = new Set(processes.flatMap(({ tasks }) => tasks))
  const isHandled = (line: QueueTask): QueueTask => ({ ...line, handled: handled.has(line.task) })
  return depths.map((queue) => ({ ...queue, tasks: queue.tasks.map(isHandled) }))
}
