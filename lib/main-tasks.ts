import { TransactionRefused } from './errors.ts'
import type { WireError } from './wire/error-codec.ts'
import { fromWireError } from './wire/error-codec.ts'
import type { Command, Outcome, RunRow } from './wire/messages.ts'
import { type Execution, execute, type RunnableTask } from './worker/execute.ts'
import { ReportBuffer } from './worker/report-buffer.ts'

/** Runs tasks with `runIn: 'main'` on the application's event loop, many at once. */
export class MainTasks {
  readonly #tasks: ReadonlyMap<string, RunnableTask>
  readonly #post: (command: Command) => void
  readonly #maxPayload: number
  readonly #running = new Map<number, Execution>()
  readonly #cancelled = new Set<number>()
  readonly #reports: ReportBuffer

  constructor(tasks: ReadonlyMap<string, RunnableTask>, maxPayload: number, post: (command: Command) => void) {
    this.#tasks = tasks
    this.#maxPayload = maxPayload
    this.#post = post
    this.#reports = new ReportBuffer({
      progress: (position, progress) => post({ type: 'main-progress', position, progress }),
      tail: null,
      logs: (chunks) => post({ type: 'main-logs', chunks }),
      cancelled: (position) => this.#cancelled.has(position),
      commit: (row) => {
        throw new TransactionRefused(
          `task "${row[3]}" runs in 'main', where transaction() would hold the event loop for the writer's lock and the disk — run it in a thread`,
        )
      },
    })
  }

  run(row: RunRow): void {
    const position = row[0]
    const execution = execute(row, this.#tasks.get(row[3]), this.#reports, this.#maxPayload)
    this.#running.set(position, execution)
    void Promise.resolve(execution.outcome).then((outcome: Outcome) => {
      execution.context.end()
      this.#running.delete(position)
      this.#cancelled.delete(position)
      this.#reports.finish(position)
      this.#reports.flush()
      this.#post({ type: 'main-outcomes', outcomes: [outcome] })
    })
  }

  cancel(position: number, error: WireError): void {
    const execution = this.#running.get(position)
    if (!execution) return
    this.#cancelled.add(position)
    execution.context.cancel(fromWireError(error))
  }
}
