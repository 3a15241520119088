import type { LogRow, RunRow } from '../wire/messages.ts'
import type { LogLevel, Progress, TaskReporter } from './task-context.ts'

/** Least time between two progress writes of one job, in ms: 4 a second. */
const PROGRESS_EVERY = 250
/** Longest time a log line stays in this thread, in ms: what a crash can lose. */
const LOG_EVERY = 500
/** Most characters of log kept of one job; what comes after is counted, not kept. */
const LOG_LIMIT = 65_536

export interface ReportSink {
  progress(position: number, progress: string): void
  logs(rows: LogRow[]): void
  cancelled(position: number): boolean
  commit(row: RunRow, startedAt: number, work: (db: never) => unknown): unknown
}

/** Thins out what running tasks report: progress to 4 writes a second with the last always kept, log lines in batches. */
export class ReportBuffer implements TaskReporter {
  readonly #sink: ReportSink
  readonly #progress = new Map<number, { value: string; written: string; at: number; timer: NodeJS.Timeout | null }>()
  readonly #logged = new Map<number, number>()
  #rows: LogRow[] = []
  #timer: NodeJS.Timeout | null = null

  constructor(sink: ReportSink) {
    this.#sink = sink
  }

  cancelled(position: number): boolean {
    return this.#sink.cancelled(position)
  }

  commit(row: RunRow, startedAt: number, work: (db: never) => unknown): unknown {
    return this.#sink.commit(row, startedAt, work)
  }

  progress(position: number, progress: Progress): void {
    const value = JSON.stringify(progress)
    const now = performance.now()
    const known = this.#progress.get(position)
    if (!known) {
      this.#progress.set(position, { value, written: value, at: now, timer: null })
      this.#sink.progress(position, value)
      return
    }
    known.value = value
    if (now - known.at >= PROGRESS_EVERY) this.#write(position)
    else known.timer ??= setTimeout(() => this.#write(position), PROGRESS_EVERY - (now - known.at)).unref()
  }

  log(position: number, level: LogLevel, text: string): void {
    const logged = this.#logged.get(position) ?? 0
    if (logged >= LOG_LIMIT) return
    const kept = text.slice(0, LOG_LIMIT - logged)
    this.#logged.set(position, logged + kept.length)
    this.#rows.push([position, Date.now(), level, kept])
    if (logged + kept.length >= LOG_LIMIT)
      this.#rows.push([position, Date.now(), 'warn', `log cut at ${LOG_LIMIT} characters`])
    this.#timer ??= setTimeout(() => this.#flush(), LOG_EVERY).unref()
  }

  /** Writes what a job reported last; called when it ends. */
  finish(position: number): void {
    if (this.#progress.size > 0) {
      this.#write(position)
      this.#progress.delete(position)
    }
    if (this.#rows.length > 0) this.#flush()
    this.#logged.delete(position)
  }

  #write(position: number): void {
    const known = this.#progress.get(position)
    if (!known) return
    if (known.timer) clearTimeout(known.timer)
    known.timer = null
    if (known.value === known.written) return
    known.written = known.value
    known.at = performance.now()
    this.#sink.progress(position, known.value)
  }

  #flush(): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    const rows = this.#rows
    this.#rows = []
    if (rows.length > 0) this.#sink.logs(rows)
  }
}
