import { beginPart, END_PART, type LogLevel, nextLine } from '../wire/log-lines.ts'
import type { LogTail } from '../wire/log-tail.ts'
import type { LogChunk, RunRow } from '../wire/messages.ts'
import type { Progress, TaskReporter } from './task-context.ts'

/** Least time between two progress writes of one job, in ms: 4 a second. */
const PROGRESS_EVERY = 250
/** Longest time a log line stays in a thread whose tail nobody takes, in ms: what the death of the process can lose. */
const LOG_EVERY = 400
/** Most lines, and most characters, kept of one attempt. */
const MOST_LINES = 1_000
const MOST_CHARACTERS = 65_536

export interface ReportSink {
  progress(position: number, progress: string): void
  logs(chunks: LogChunk[]): void
  cancelled(position: number): boolean
  commit(row: RunRow, startedAt: number, work: (db: never) => unknown): unknown
  /** Shows what is not sent to the engine, which looks there; null for the application's own thread. */
  readonly tail: LogTail | null
}

interface JobLog {
  /** The part that is being written, without its end; empty when none is. */
  text: string
  /** Number of that part, or of the next one. */
  part: number
  /** When its last line was written. */
  at: number
  count: number
  characters: number
  cut: boolean
}

/** Thins out what running tasks report: progress to 4 writes a second with the last always kept, log lines in batches. */
export class ReportBuffer implements TaskReporter {
  readonly #sink: ReportSink
  readonly #progress = new Map<number, { value: string; written: string; at: number; timer: NodeJS.Timeout | null }>()
  readonly #logs = new Map<number, JobLog>()
  /** Parts that are whole, of jobs that have ended but for those that found no room in the tail. */
  #chunks: LogChunk[] = []
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
      log = { text: '', part: 0, at: 0, count: 0, characters: 0, cut: false }
      this.#logs.set(position, log)
    }
    if (log.cut) return
    const room = MOST_CHARACTERS - log.characters
    this.#add(position, log, level, text.length > room ? text.slice(0, room) : text)
    log.characters += text.length
    if (++log.count >= MOST_LINES || log.characters > MOST_CHARACTERS) {
      log.cut = true
      const kept = `of an attempt ${MOST_LINES} lines and ${MOST_CHARACTERS} characters are kept`
      this.#add(position, log, 'warn', `… cut: ${kept}`)
    }
    if (!this.#sink.tail) this.#timer ??= setTimeout(() => this.#ring(), LOG_EVERY).unref()
  }

  /** Makes ready what a job reported last, for the flush that goes with its outcome; called when it ends. */
  finish(position: number): void {
    if (this.#progress.size > 0) {
      this.#write(position)
      this.#progress.delete(position)
    }
    const log = this.#logs.get(position)
    if (!log) return
    this.#end(position, log)
    this.#logs.delete(position)
  }

  /**
   * Sends the log lines of what has ended.
   * @param send what they go with, which is sent without them too
   */
  flush(send?: (chunks: LogChunk[] | null) => void): void {
    const chunks = this.#chunks
    if (chunks.length === 0) {
      send?.(null)
      return
    }
    this.#chunks = []
    if (send) send(chunks)
    else this.#sink.logs(chunks)
  }

  #ring(): void {
    this.#timer = null
    for (const [position, log] of this.#logs) this.#end(position, log)
    this.flush()
  }

  #add(position: number, log: JobLog, level: LogLevel, text: string): void {
    const { tail } = this.#sink
    const at = Date.now()
    if (log.text !== '') {
      const line = nextLine(at - log.at, level, text)
      const result = tail ? tail.append(line) : 'added'
      if (result === 'added') {
        log.text += line
        log.at = at
        return
      }
      if (result === 'full') {
        this.#end(position, log)
        this.flush()
      } else leave(log)
    }
    log.text = beginPart(at, level, text)
    log.at = at
    if (tail?.begin(position, log.part, log.text) !== false) return
    this.#chunks.push([position, log.part, log.text + END_PART])
    leave(log)
    this.flush()
  }

  /** Ends the part that is being written. */
  #end(position: number, log: JobLog): void {
    if (log.text === '') return
    if (this.#sink.tail?.withdraw() !== false) this.#chunks.push([position, log.part, log.text + END_PART])
    leave(log)
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

/** The part is written; the next line begins another. */
function leave(log: JobLog): void {
  log.text = ''
  log.part++
}
