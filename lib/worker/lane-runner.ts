import type { MessagePort } from 'node:worker_threads'
import { Estimates } from '../domain/estimates.ts'
import { TaskTransactions } from '../store/task-transaction.ts'
import { BegunWriter, slotOf } from '../wire/begun-file.ts'
import type { Payload } from '../wire/codec.ts'
import { fromWireError, toWireError } from '../wire/error-codec.ts'
import { LogTail } from '../wire/log-tail.ts'
import {
  BEGAN_CELL,
  BEGUN_CELL,
  CANCEL_CELL,
  type Enlistment,
  type LaneOpening,
  type LaneOrder,
  type LaneReport,
  NEXT_CELL,
  type Outcome,
  type RunRow,
} from '../wire/messages.ts'
import { lineUp, packed } from '../wire/rows.ts'
import { steadyNow } from '../wire/steady-clock.ts'
import { type Execution, encodeResult, execute, type RunnableTask } from './execute.ts'
import { ReportBuffer } from './report-buffer.ts'

/** Outcomes younger than this, in ms, wait for the next one, so that a line of very short jobs is answered in few messages. */
const FLUSH_AFTER = 1

/** Runs the jobs of a lane one after another in this thread. */
export class LaneRunner {
  readonly #port: MessagePort
  readonly #cells: Int32Array
  readonly #begun: BegunWriter
  readonly #maxPayload: number
  readonly #epoch: number
  readonly #tasks: (name: string) => RunnableTask | undefined
  readonly #line: RunRow[] = []
  readonly #reports: ReportBuffer
  readonly #transactions: TaskTransactions
  #outcomes: Outcome[] = []
  #flushedAt = 0
  readonly #estimates = new Estimates()
  #current: (Execution & { position: number; fail: (error: unknown) => void }) | null = null
  #pumping = false
  #tainted = false

  constructor(
    opening: LaneOpening,
    { begunFile, owner }: Enlistment,
    tasks: (name: string) => RunnableTask | undefined,
  ) {
    this.#port = opening.port
    this.#cells = opening.cells
    this.#begun = new BegunWriter(begunFile, slotOf(opening.thread))
    this.#maxPayload = opening.maxPayload
    this.#epoch = opening.epoch
    this.#tasks = tasks
    this.#transactions = new TaskTransactions(opening.database, opening.durability, { owner, thread: opening.thread })
    this.#reports = new ReportBuffer({
      progress: (position, progress) => this.#report({ type: 'progress', position, progress }),
      tail: new LogTail(opening.logTail),
      logs: (chunks) => this.#report({ type: 'logs', chunks }),
      cancelled: (position) => Atomics.load(this.#cells, CANCEL_CELL) === position,
      commit: (row, startedAt, work) => this.#commit(row, startedAt, work),
    })
  }

  order(order: LaneOrder): void {
    if (order.type === 'run') {
      for (const run of order.runs) lineUp(this.#line, run)
      if (!this.#pumping) void this.#pump()
    } else if (order.type === 'cancel') {
      if (this.#current?.position === order.position) this.#current.context.cancel(fromWireError(order.error))
    }
  }

  /**
   * An error that no task's promise carried. It ends the job that caused it when that is the one running; either way
   * the thread is not used again, because nobody knows what state it left behind.
   */
  strayError(error: unknown, culprit: unknown): void {
    const current = this.#current
    if (!this.#tainted) {
      this.#tainted = true
      this.#report({ type: 'tainted', error: toWireError(error) })
    }
    if (current && culprit === current.context) current.fail(error)
  }

  /** The thread is ending, as by `process.exit()` in a task: what ran before is still answered. */
  exit(): void {
    this.#flush()
  }

  async #pump(): Promise<void> {
    this.#pumping = true
    for (let row = this.#line.shift(); row; row = this.#line.shift()) {
      if (!this.#begin(row[0])) continue
      // While a function that does not return holds the thread nothing is told, and after it, if that is ended, nothing either.
      if (this.#outcomes.length > 0 && this.#estimates.of(row[3]) > FLUSH_AFTER) this.#flush()
      this.#begun.write(row[0], row[1])
      const startedAt = Date.now()
      Atomics.store(this.#cells, BEGAN_CELL, steadyNow() - this.#epoch)
      Atomics.store(this.#cells, BEGUN_CELL, row[0])
      const execution = execute(row, this.#tasks(row[3]), this.#reports, this.#maxPayload, startedAt)
      const outcome = execution.outcome instanceof Promise ? await this.#settled(row, execution) : execution.outcome
      execution.context.end()
      this.#reports.finish(row[0])
      this.#outcomes.push(outcome)
      this.#estimates.observe(row[3], outcome[3])
      if (this.#line.length === 0 || performance.now() - this.#flushedAt > FLUSH_AFTER) this.#flush()
    }
    // The last jobs of the line may have been taken back, and with them the flush that follows a job.
    this.#flush()
    this.#pumping = false
  }

  /** Ends a job in the transaction of its own writes, and tells the engine of it before anything else can happen. */
  #commit(row: RunRow, startedAt: number, work: (db: never) => unknown): unknown {
    const job = { id: row[2], token: row[1], startedAt }
    const encode = (value: unknown): Payload => encodeResult(value, row, row[12], this.#maxPayload)
    const { value, followed } = this.#transactions.run(job, work as (db: unknown) => unknown, encode, () => Date.now())
    this.#report({ type: 'committed', position: row[0], milliseconds: Date.now() - startedAt, followed })
    return value
  }

  /** Waits for a task that did not end at once; what ended before it is reported first. */
  #settled(row: RunRow, execution: Execution): Promise<Outcome> {
    this.#flush()
    const startedAt = Date.now()
    const began = performance.now()
    return new Promise<Outcome>((resolve) => {
      this.#current = {
        ...execution,
        position: row[0],
        fail: (error) => resolve(['failure', row[0], startedAt, performance.now() - began, toWireError(error)]),
      }
      void Promise.resolve(execution.outcome).then(resolve)
    }).finally(() => {
      this.#current = null
    })
  }

  /** Takes the job's place in the line; false when the engine took it back. */
  #begin(position: number): boolean {
    while (true) {
      const next = Atomics.load(this.#cells, NEXT_CELL)
      if (next > position) return false
      if (Atomics.compareExchange(this.#cells, NEXT_CELL, next, position + 1) === next) return true
    }
  }

  #flush(): void {
    this.#flushedAt = performance.now()
    if (this.#outcomes.length === 0) return
    const outcomes = this.#outcomes
    this.#outcomes = []
    this.#reports.flush((logs) => this.#report({ type: 'outcomes', outcomes: packed(outcomes), logs }))
  }

  #report(report: LaneReport): void {
    this.#port.postMessage(report)
  }
}
