import { type LaneJob, rowOf } from '../pool/lane.ts'
import { BegunWriter, MAIN_SLOTS, MAIN_THREAD } from '../wire/begun-file.ts'
import type { WireError } from '../wire/error-codec.ts'
import type { Notice } from '../wire/messages.ts'
import { steadyNow } from '../wire/steady-clock.ts'
import { holdsPlace } from './begin-watch.ts'

/** The engine's view of tasks with `runIn: 'main'`: posted to the application thread, where nothing can kill them. */
export class MainRuns {
  readonly outstanding = new Map<number, LaneJob>()
  readonly #post: (notice: Notice) => void
  readonly #writers: { writer: BegunWriter; position: number | null }[] = []
  /** Jobs given up while their functions still run: each keeps its slot until it ends. */
  readonly #abandoned = new Set<number>()
  readonly #beganAt = new Map<number, number>()
  #position = 0

  constructor(post: (notice: Notice) => void) {
    this.#post = post
  }

  openBegunFile(path: string): void {
    for (let slot = 0; slot < MAIN_SLOTS; slot++)
      this.#writers.push({ writer: new BegunWriter(path, slot), position: null })
  }

  get room(): number {
    return MAIN_SLOTS - this.outstanding.size - this.#abandoned.size
  }

  run(job: LaneJob): void {
    const position = this.#position++
    job.position = position
    job.thread = MAIN_THREAD
    this.outstanding.set(position, job)
    this.#beganAt.set(position, steadyNow())
    const slot = this.#writers.find((candidate) => candidate.position === null)
    if (slot) {
      slot.position = position
      slot.writer.write(position, job.token)
    }
    this.#post({ type: 'main-run', row: rowOf(job), tell: holdsPlace(job) })
  }

  finish(position: number): LaneJob | undefined {
    const job = this.outstanding.get(position)
    this.outstanding.delete(position)
    this.#abandoned.delete(position)
    this.#beganAt.delete(position)
    const slot = this.#writers.find((candidate) => candidate.position === position)
    if (slot) slot.position = null
    return job
  }

  /** Milliseconds since a job was handed to the application thread. */
  runningFor(position: number): number {
    return steadyNow() - (this.#beganAt.get(position) ?? steadyNow())
  }

  /** Gives a job up: what its function still does, and returns, counts no more. */
  abandon(position: number): void {
    if (this.outstanding.delete(position)) this.#abandoned.add(position)
  }

  cancel(position: number, error: WireError): void {
    this.#post({ type: 'main-cancel', position, error })
  }

  close(): void {
    for (const { writer } of this.#writers) writer.close()
    this.#writers.length = 0
  }
}
