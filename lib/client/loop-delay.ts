import type { IntervalHistogram } from 'node:perf_hooks'

const NANOSECONDS = 1e6

/** How late an event loop was, in ms. */
export interface Lateness {
  p50: number
  p99: number
  max: number
}

/** Watches the event loop of this thread, from the first look on. It keeps no process alive. */
export class LoopDelay {
  readonly #resolution: number
  #histogram: IntervalHistogram | null = null

  /** @param resolution spacing of the samples, in ms: each of them wakes the thread; a loop that is on time shows none */
  constructor(resolution: number) {
    this.#resolution = resolution
  }

  /** Since the last look; null at the first, which begins to watch. */
  look(): Lateness | null {
    if (!this.#histogram) {
      // At the first look, which a start does not wait for.
      const { monitorEventLoopDelay } = process.getBuiltinModule('node:perf_hooks')
      this.#histogram = monitorEventLoopDelay({ resolution: this.#resolution })
      this.#histogram.enable()
      return null
    }
    const late = (nanoseconds: number): number => Math.max(0, nanoseconds / NANOSECONDS - this.#resolution) || 0
    const { max } = this.#histogram
    const seen = {
      p50: late(this.#histogram.percentile(50)),
      p99: late(this.#histogram.percentile(99)),
      max: late(max),
    }
    this.#histogram.reset()
    return seen
  }

  stop(): void {
    this.#histogram?.disable()
    this.#histogram = null
  }
}
