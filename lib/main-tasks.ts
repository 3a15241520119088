import { TransactionRefused } from './errors.ts'
import type { WireError } from './wire/error-codec.ts'
import { fromWireError, toWireError } from './wire/error-codec.ts'
import type { Command, Outcome, RunRow } from './wire/messages.ts'
import type { Execution, RunnableTask } from './worker/execute.ts'
import type { ReportBuffer } from './worker/report-buffer.ts'

type Runner = (row: RunRow, startedAt: number) => { execution: Execution; reports: ReportBuffer }

/** Runs tasks with `runIn: 'main'` on the application's event loop, many at once. */
export class MainTasks {
  readonly #tasks: ReadonlyMap<string, RunnableTask>
  readonly #post: (command: Command) => void
  readonly #maxPayload: number
  readonly #running = new Map<number, Execution>()
  readonly #cancelled = new Set<number>()
  #runner: Promise<Runner> | null = null

  constructor(tasks: ReadonlyMap<string, RunnableTask>, maxPayload: number, post: (command: Command) => void) {
    this.#tasks = tasks
    this.#maxPayload = maxPayload
    this.#post = post
  }

  /** @param tell whether to say when the function is called */
  run(row: RunRow, tell: boolean): void {
    const position = row[0]
    this.#runner ??= this.#load()
    void this.#runner
      .then(async (run): Promise<Outcome> => {
        const startedAt = Date.now()
        if (tell) this.#post({ type: 'main-begun', position, at: startedAt })
        const { execution, reports } = run(row, startedAt)
        this.#running.set(position, execution)
        const outcome = await execution.outcome
        execution.context.end()
        reports.finish(position)
        reports.flush()
        return outcome
      })
      .catch((error: unknown): Outcome => ['failure', position, Date.now(), 0, toWireError(error)])
      .then((outcome) => {
        this.#running.delete(position)
        this.#cancelled.delete(position)
        this.#post({ type: 'main-outcomes', outcomes: [outcome] })
      })
  }

  cancel(position: number, error: WireError): void {
    // After the run that it is meant for, which may wait for the code that runs it.
    void this.#runner?.then(
      () => this.#cancel(position, error),
      () => {},
    )
  }

  /** What runs tasks is loaded at the first one: most apps run none here. */
  async #load(): Promise<Runner> {
    const [{ execute }, { ReportBuffer }] = await Promise.all([
      import('./worker/execute.ts'),
      import('./worker/report-buffer.ts'),
    ])
    const reports = new ReportBuffer({
      progress: (position, progress) => this.#post({ type: 'main-progress', position, progress }),
      tail: null,
      logs: (chunks) => this.#post({ type: 'main-logs', chunks }),
      cancelled: (position) => this.#cancelled.has(position),
      commit: (row) => {
        throw new TransactionRefused(
          `task "${row[3]}" runs in 'main', where transaction() would hold the event loop for the writer's lock and the disk — run it in a thread`,
        )
      },
    })
    return (row, startedAt) => {
      const execution = execute(row, this.#tasks.get(row[3]), reports, this.#maxPayload, startedAt)
      return { execution, reports }
    }
  }

  #cancel(position: number, error: WireError): void {
    const execution = this.#running.get(position)
    if (!execution) return
    this.#cancelled.add(position)
    execution.context.cancel(fromWireError(error))
  }
}
