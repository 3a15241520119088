import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks'
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
  eventLoopDelay: { p50: number; p99: number; max: number } | null
}

const NANOSECONDS = 1e6
/** Spacing of the samples, in ms; a loop that is on time shows none. */
const RESOLUTION = 20

/** Reads what is measured. The event loop is watched from the first look on. */
export class ProcessMetrics {
  readonly #app: string
  readonly #reader: Reader
  readonly #inspect: Inspect
  #delay: IntervalHistogram | null = null

  constructor(app: string, reader: Reader, inspect: Inspect) {
    this.#app = app
    this.#reader = reader
    this.#inspect = inspect
  }

  async read(): Promise<Metrics> {
    // First, because the engine makes a file that does not exist.
    const threads = await this.#threads()
    const measures = await this.#reader.measures()
    return { app: this.#app, ...measures, threads, eventLoopDelay: this.#loopDelay() }
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

  #loopDelay(): Metrics['eventLoopDelay'] {
    if (!this.#delay) {
      this.#delay = monitorEventLoopDelay({ resolution: RESOLUTION })
      this.#delay.enable()
      return null
    }
    const late = (nanoseconds: number): number => Math.max(0, nanoseconds / NANOSECONDS - RESOLUTION) || 0
    const { max } = this.#delay
    const seen = { p50: late(this.#delay.percentile(50)), p99: late(this.#delay.percentile(99)), max: late(max) }
    this.#delay.reset()
    return seen
  }
}
