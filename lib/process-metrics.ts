import { type Lateness, LoopDelay } from './client/loop-delay.ts'
import type { Inspect } from './inspect.ts'
import type { Reader } from './reader.ts'
import type { Measures } from './wire/reading.ts'

/** Numbers of the file, over all processes, and of this process. */
export interface Metrics extends Measures {
  /** The app's name. */
  app: string
  /** Pool threads of this process: that run jobs, that wait for some, and how many there may be. */
  threads: { busy: number; idle: number; most: number }
  /** How late the event loop of this process was, in ms, since the last look; null at the first. */
  eventLoopDelay: Lateness | null
}

/** Spacing of the samples of the event loop, in ms. */
const RESOLUTION = 20

/** Reads what is measured. The event loop is watched from the first look on. */
export class ProcessMetrics {
  readonly #app: string
  readonly #reader: Reader
  readonly #inspect: Inspect
  readonly #delay = new LoopDelay(RESOLUTION)
  #read = false

  constructor(app: string, reader: Reader, inspect: Inspect) {
    this.#app = app
    this.#reader = reader
    this.#inspect = inspect
  }

  async read(): Promise<Metrics> {
    const asked = this.#threads()
    // The engine makes a file that does not exist.
    if (!this.#read) await asked
    const [threads, measures] = await Promise.all([asked, this.#reader.measures()])
    this.#read = true
    return { app: this.#app, ...measures, threads, eventLoopDelay: this.#delay.look() }
  }

  /** None while the app is stopped. */
  async #threads(): Promise<Metrics['threads']> {
    try {
      const { threads, busy, concurrency } = await this.#inspect.stats()
      return { busy, idle: threads - busy, most: concurrency }
    } catch {
      return { busy: 0, idle: 0, most: 0 }
    }
  }
}
