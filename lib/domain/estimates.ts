/** Assumed of a task that never ran here, in ms: long, so that its jobs are handed out one by one, and what ended before one is told first. */
const UNKNOWN = 1_000

/**
 * How long a job of each task is expected to run, in ms. Rises fast and falls slowly: a job thought short that turns
 * out long makes others wait behind it, one thought long that turns out short costs a message.
 */
export class Estimates {
  readonly #known = new Map<string, number>()

  of(task: string): number {
    return this.#known.get(task) ?? UNKNOWN
  }

  observe(task: string, milliseconds: number): void {
    const known = this.#known.get(task)
    if (known === undefined) this.#known.set(task, milliseconds)
    else this.#known.set(task, known + (milliseconds - known) * (milliseconds > known ? 0.5 : 0.1))
  }
}
