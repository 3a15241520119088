import type { LogTail } from '../wire/log-tail.ts'
import type { LogChunk, LogLine, RunRow } from '../wire/messages.ts'
import type { LogLevel, Progress, TaskReporter } from './task-context.ts'

/** Least time between two progress writes of one job, in ms: 4 a second. */
const PROGRESS_EVERY = 250
/** Longest time a log line stays in this thread while its event loop turns, in ms: what the death of the process can lose. */
const LOG_EVERY = 400
/** A line after a quiet spell of this many ms goes at once: a synchronous task may let no timer fire for long. */
const LOG_QUIET = 20
/** Most lines, and most characters, kept of one attempt. */
const MOST_LINES = 1_000
const MOST_CHARACTERS = 65_536

export interface ReportSink {
  progress(position: number, progress: string): void
  logs(chunks: LogChunk[]): void
  cancelled(position: number): boolean
  commit(row: RunRow, startedAt: number, work: (db: never) => unknown): unknown
  /** Holds what is not sent, for when the thread is ended; null where it cannot be. */
  readonly tail: LogTail | null
}

interface JobLog {
  /** Not sent yet, as JSON. */
  lines: string[]
  count: number
  characters: number
  cut: boolean
}

/** Thins out what running tasks report: progress to 4 writes a second with the last always kept, log lines in batches. */
export class ReportBuffer implements TaskReporter {
  readonly #sink: ReportSink
  readonly #progress = new Map<number, { value: string; written: string; at: number; timer: NodeJS.Timeout | null }>()
  readonly #logs = new Map<number, JobLog>()
  #chunks: LogChunk[] = []
  /** By the wall clock, which each line reads anyway; when it is set back, the timer comes first. */
  #flushedAt = Date.now()
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
    let log = this.#logs.get(position)
    if (!log) {
      log = { lines: [], count: 0, characters: 0, cut: false }
      this.#logs.set(position, log)
    }
    if (log.cut) return
    const now = Date.now()
    const room = MOST_CHARACTERS - log.characters
    this.#add(position, log, [now, level, text.length > room ? text.slice(0, room) : text])
    log.characters += text.length
    if (++log.count >= MOST_LINES || log.characters > MOST_CHARACTERS) {
      log.cut = true
      const kept = `of an attempt ${MOST_LINES} lines and ${MOST_CHARACTERS} characters are kept`
      this.#add(position, log, [now, 'warn', `… cut: ${kept}`])
    }
    if (now - this.#flushedAt > LOG_QUIET) this.flush()
    else this.#timer ??= setTimeout(() => this.#ring(), LOG_EVERY).unref()
  }

  /** Makes ready what a job reported last, for the flush that goes with its outcome; called when it ends. */
  finish(position: number): void {
    if (this.#progress.size > 0) {
      this.#write(position)
      this.#progress.delete(position)
    }
    const log = this.#logs.get(position)
    if (!log) return
    this.#pack(position, log)
    this.#logs.delete(position)
  }

  /**
   * Sends the log lines that are here.
   * @param send what they go with, which is sent without them too
   */
  flush(send?: (chunks: LogChunk[] | null) => void): void {
    this.#flushedAt = Date.now()
    for (const [position, log] of this.#logs) this.#pack(position, log)
    const chunks = this.#chunks
    if (chunks.length === 0) {
      send?.(null)
      return
    }
    this.#chunks = []
    if (send) send(chunks)
    else this.#sink.logs(chunks)
    this.#sink.tail?.clear()
  }

  /** The timer is left to run when lines are sent before: most lines are sent with the outcome of their job. */
  #ring(): void {
    this.#timer = null
    this.flush()
  }

  #add(position: number, log: JobLog, [at, level, text]: LogLine): void {
    // Twice as fast as of the whole tuple.
    const json = `[${at},"${level}",${JSON.stringify(text)}]`
    log.lines.push(json)
    if (this.#sink.tail?.append(position, json) === false) this.flush()
  }

  #pack(position: number, log: JobLog): void {
    if (log.lines.length === 0) return
    this.#chunks.push([position, `[${log.lines.join(',')}]`])
    log.lines = []
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
}
