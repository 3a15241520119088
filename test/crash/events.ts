/** What the processes of one run write down as it happens: one file, one line an event, each line a single append. */
import { closeSync, fstatSync, openSync, readFileSync, readSync, writeSync } from 'node:fs'

export type What =
  /** About to be enqueued; before anything was sent. */
  | { what: 'asked'; key: string; within?: boolean }
  /** The enqueueing call returned, or the caller's transaction committed. */
  | { what: 'acknowledged'; key: string; id: string }
  /** The enqueueing call was refused. `code` is the message where it has none. */
  | { what: 'refused'; key: string; code: string }
  /** The caller's transaction was rolled back. */
  | { what: 'rolled-back'; key: string }
  /** First statement of a task. `run` is unique to this execution. */
  | { what: 'began'; key: string; run: string; attempt: number }
  /** Last statement of a task, before it returns or throws. */
  | { what: 'effect'; key: string; run: string; ends: 'returns' | 'throws' }
  /** The task is about to end its process, or only its thread. */
  | { what: 'dying'; key: string; run: string; scope: 'process' | 'thread' }
  /** `get()` settled: `value` is the result or the message of the error, `state` a state or the code of another error. */
  | { what: 'reported'; key: string; state: string; value: unknown }
  /** The observer is about to kill `victim`. */
  | { what: 'kill'; victim: number }
  /** `victim` is about to be stopped: suspended for longer than a lease, or by a `stop()` that waits for no job. */
  | { what: 'stop'; victim: number }
  /** The `stop()` of `victim` has returned. */
  | { what: 'stopped'; victim: number }

export type CrashEvent = What & { pid: number; at: number }

export class EventLog {
  readonly path: string
  readonly #fd: number
  readonly #pid: () => number

  /** @param pid whose events these are; a process that stops and starts again may count as another one each time */
  constructor(path: string, pid: () => number = () => process.pid) {
    this.path = path
    this.#pid = pid
    this.#fd = openSync(path, 'a')
  }

  write(event: What): void {
    writeSync(this.#fd, `${JSON.stringify({ ...event, pid: this.#pid(), at: Date.now() })}\n`)
  }

  close(): void {
    closeSync(this.#fd)
  }
}

/** Reads a log that others still write, each line once. */
export class LogReader {
  readonly events: CrashEvent[] = []
  readonly #fd: number
  #at = 0
  #rest = ''

  constructor(path: string, from = 0) {
    this.#fd = openSync(path, 'r')
    this.#at = from
  }

  /** All events so far. */
  read(): CrashEvent[] {
    const size = fstatSync(this.#fd).size
    if (size > this.#at) {
      const bytes = Buffer.alloc(size - this.#at)
      this.#at += readSync(this.#fd, bytes, 0, bytes.length, this.#at)
      const lines = (this.#rest + bytes.toString('utf8')).split('\n')
      this.#rest = lines.pop() as string
      for (const line of lines) this.events.push(JSON.parse(line) as CrashEvent)
    }
    return this.events
  }

  close(): void {
    closeSync(this.#fd)
  }
}

/** The last events of a log that others may still write, as many as fit in `bytes`. */
export function lastEvents(path: string, bytes: number): CrashEvent[] {
  const text = readFileSync(path, 'utf8')
  const from = text.length <= bytes ? 0 : text.indexOf('\n', text.length - bytes) + 1
  // Behind the last line end is nothing, or as much of a line as was written by now.
  const lines = text.slice(from).split('\n').slice(0, -1)
  return lines.map((line) => JSON.parse(line) as CrashEvent)
}
