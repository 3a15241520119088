import { MessageChannel, type MessagePort, type Worker } from 'node:worker_threads'
import type { Codec } from '../wire/codec.ts'
import type { WireError } from '../wire/error-codec.ts'
import { LogTail } from '../wire/log-tail.ts'
import {
  BEGAN_CELL,
  BEGUN_CELL,
  CANCEL_CELL,
  CELL_COUNT,
  type LaneOrder,
  type LaneReport,
  NEXT_CELL,
  type PlainRun,
  type RunRow,
} from '../wire/messages.ts'
import { withValue } from '../wire/rows.ts'
import { steadyNow } from '../wire/steady-clock.ts'

export interface PlainPart {
  maxAttempts: number
  enqueuedAt: number
  args: string | Uint8Array
}

/** A claimed job on its way through a lane. */
export interface LaneJob {
  seq: number
  owner: number
  token: number
  id: string
  task: string
  queue: string
  /** Key that it holds a place of, or null. */
  concurrencyKey: string | null
  /** Key whose rate it is under, or null. */
  rateKey: string | null
  /** It gives its unique key up as it begins. */
  freesKey: boolean
  /** Its place of each rate of a line that it is under, until it is stored when it began. */
  places: { bucket: string; rate: { limit: number; per: number }; owner: number; at: number }[] | null
  /** The rate of its key, of which its claim holds a place until it is stored when it began, or null. */
  keyRate: { limit: number; per: number } | null
  /** It was taken out of its lane before it began. */
  takenBack: boolean
  /** On which thread it runs, once it was handed to one. */
  thread: number | null
  attempt: number
  crashes: number
  /** Its place among what the thread, or the application's own, was ever given. */
  position: number
  /** What its first attempt is run with, of a job that has nothing else; null of others. */
  readonly plain: PlainPart | null
  readonly row: RunRow
  /** The time of its schedule that it runs for, in epoch ms, or null. */
  readonly slot: number | null
  readonly codec: Codec
  /** Options of its call, as they are stored, or null for none. */
  readonly options: string | null
  /** Expected run time when it was placed, in ms. */
  expected: number
  /** When it became due, in epoch ms. */
  due: number
  /** Milliseconds, or null for none. */
  timeLimit: number | null
  softTimeLimit: number | null
  /** Its signal was aborted for the soft limit. */
  warned: boolean
}

/**
 * One thread of the pool as the engine sees it: a line of claimed jobs, run one after another. Several short jobs lie
 * in it at once, so that the thread never waits for a commit; those not begun can be taken back through the shared
 * cursor, so that nothing waits behind a job that turns out long.
 */
export class Lane {
  readonly slot: number
  readonly cells = new Int32Array(new SharedArrayBuffer(CELL_COUNT * Int32Array.BYTES_PER_ELEMENT))
  readonly logTail = new LogTail()
  readonly abort = new AbortController()
  /** The worker thread behind it. */
  thread: Worker | null = null
  readonly outstanding = new Map<number, LaneJob>()
  readonly port: MessagePort
  readonly remotePort: MessagePort
  /** Sum of the expected run times of what is outstanding, in ms. */
  backlog = 0
  ready = false
  /** Takes no further jobs: its thread is leaving, tainted or dead. */
  closed = false
  /** Stands by to take the place of a thread that is about to be ended; `closed` until then. */
  reserve = false
  /** Ends because nobody needs it. */
  unneeded = false
  idleSince: number
  jobsRun = 0
  /** Steady milliseconds that the thread counts from. */
  readonly epoch = steadyNow()
  /** Position of the job whose hard limit ended the thread, or -1. */
  overran = -1
  #position: number
  #watched = -1
  #still = 0

  constructor(slot: number, position: number, now: number) {
    this.slot = slot
    this.#position = position
    this.idleSince = now
    const { port1, port2 } = new MessageChannel()
    this.port = port1
    this.remotePort = port2
    Atomics.store(this.cells, NEXT_CELL, position)
    Atomics.store(this.cells, CANCEL_CELL, -1)
    // Not the -1 of a lane where nothing runs.
    Atomics.store(this.cells, BEGUN_CELL, -2)
  }

  /** The thread's number, from 1. */
  get number(): number {
    return this.slot + 1
  }

  /** Position that the next job will get. */
  get position(): number {
    return this.#position
  }

  /** Position of the job that runs now, or -1. */
  get running(): number {
    // Not simply the cursor less one: taking jobs back moves the cursor past what was never begun.
    const next = Atomics.load(this.cells, NEXT_CELL)
    let running = -1
    for (const position of this.outstanding.keys()) if (position < next) running = position
    return running
  }

  /** Milliseconds that the running job has been running; 0 when its function is only about to begin. */
  get runningFor(): number {
    return this.ranFor(this.running) ?? 0
  }

  /** The same of the job at a position; null when that one has not begun, or is not the last that has. */
  ranFor(position: number): number | null {
    const told = (): boolean => Atomics.load(this.cells, BEGUN_CELL) === position
    if (!told()) return null
    const ran = steadyNow() - this.epoch - Atomics.load(this.cells, BEGAN_CELL)
    return told() ? ran : null
  }

  post(order: LaneOrder): void {
    this.port.postMessage(order)
  }

  listen(listener: (report: LaneReport) => void): void {
    this.port.on('message', listener)
  }

  run(jobs: LaneJob[]): void {
    const runs: (RunRow | PlainRun)[] = []
    let last: PlainRun | null = null
    for (const job of jobs) {
      job.position = this.#position
      job.takenBack = false
      job.thread = this.number
      this.outstanding.set(this.#position++, job)
      this.backlog += job.expected
      if (last && joins(job, last)) continue
      last = job.plain && plainRun(job, job.plain)
      runs.push(last ?? rowOf(job))
    }
    this.post({ type: 'run', runs })
  }

  /** Removes and returns a job whose outcome arrived; `undefined` when it was taken back or ended already. */
  finish(position: number, now: number): LaneJob | undefined {
    const job = this.outstanding.get(position)
    if (!job) return undefined
    this.outstanding.delete(position)
    this.jobsRun++
    this.backlog -= job.expected
    if (this.outstanding.size === 0) {
      this.backlog = 0
      this.idleSince = now
    }
    return job
  }

  /** Takes back every job that the thread has not begun. */
  takeBack(): LaneJob[] {
    const end = this.#position
    let next = Atomics.load(this.cells, NEXT_CELL)
    while (next < end) {
      const seen = Atomics.compareExchange(this.cells, NEXT_CELL, next, end)
      if (seen === next) break
      next = seen
    }
    const taken: LaneJob[] = []
    for (let position = next; position < end; position++) {
      const job = this.outstanding.get(position)
      if (!job) continue
      this.outstanding.delete(position)
      this.backlog -= job.expected
      job.takenBack = true
      taken.push(job)
    }
    return taken
  }

  /** The running job turned out long: the lane is full until it ends, whatever was expected. */
  expectLong(milliseconds: number): void {
    const job = this.outstanding.get(this.running)
    if (!job) return
    this.backlog += milliseconds - job.expected
    job.expected = milliseconds
  }

  /** Looks in a row at which the cursor stood where it was, while jobs wait behind the running one. */
  stillFor(): number {
    const next = Atomics.load(this.cells, NEXT_CELL)
    this.#still = next === this.#watched && next < this.#position ? this.#still + 1 : 0
    this.#watched = next
    return this.#still
  }

  /** Tells the running job to end: the flag is readable in a synchronous loop, the message aborts its signal. */
  cancel(position: number, error: WireError): void {
    Atomics.store(this.cells, CANCEL_CELL, position)
    this.post({ type: 'cancel', position, error })
  }
}

/** What the thread is given to run a job, at its position. */
export function rowOf(job: LaneJob): RunRow {
  const { row } = job
  row[0] = job.position
  return row
}

function plainRun(
  { position, token, id, task, queue }: LaneJob,
  { maxAttempts, enqueuedAt, args }: PlainPart,
): PlainRun {
  return [position, token, [id], task, queue, maxAttempts, enqueuedAt, args]
}

/** Adds a job to a run where it belongs to it. */
function joins({ plain, token, id, task, queue }: LaneJob, run: PlainRun): boolean {
  const ids = run[2]
  if (!plain || token !== run[1] + ids.length || plain.enqueuedAt !== run[6] || plain.maxAttempts !== run[5])
    return false
  if (task !== run[3] || queue !== run[4]) return false
  run[7] = withValue(run[7], ids.length, plain.args)
  ids.push(id)
  return true
}
