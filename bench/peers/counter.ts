import { setTimeout as sleep } from 'node:timers/promises'

const LOOK_EVERY = 5

/** Counts the jobs that ended in this process, for a peer that runs them in it. */
export class Counter {
  #ended = 0
  #alarm: { at: number; ring: () => void } | null = null
  #waiting: { n: number; resolve: () => void } | null = null

  get ended(): number {
    return this.#ended
  }

  add(n = 1): void {
    this.#ended += n
    if (this.#waiting && this.#ended >= this.#waiting.n) this.#waiting.resolve()
    if (this.#alarm && performance.now() >= this.#alarm.at) this.#alarm.ring()
  }

  /** Resolves after a time, by the end of a job when the jobs let no timer run until then. One caller at a time. */
  wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const ring = () => {
        clearTimeout(timer)
        this.#alarm = null
        resolve()
      }
      const timer = setTimeout(ring, ms)
      this.#alarm = { at: performance.now() + ms, ring }
    })
  }

  /** After `n` ended, asks the peer itself until it says that nothing is left. */
  async drained(n: number, left: () => number | Promise<number>): Promise<void> {
    if (this.#ended < n) await new Promise<void>((resolve) => (this.#waiting = { n, resolve }))
    while ((await left()) > 0) await sleep(LOOK_EVERY)
  }
}

/** Lets callers wait for a job in the same process by a number in its argument. */
export class Calls {
  #next = 0
  readonly #open = new Map<number, () => void>()

  async run(enqueue: (key: number) => Promise<unknown>): Promise<void> {
    const key = ++this.#next
    const ended = new Promise<void>((resolve) => this.#open.set(key, resolve))
    await enqueue(key)
    await ended
  }

  end(key: unknown): void {
    this.#open.get(key as number)?.()
    this.#open.delete(key as number)
  }
}
