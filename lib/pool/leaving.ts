import type { Worker } from 'node:worker_threads'

/** Time after which a thread that was told to end counts as stuck, in ms: JavaScript ends within milliseconds. */
const STUCK_AFTER = 1_000
/** The same for one that is still about to begin, in ms: Node's own beginning is native code, and long on a busy machine. */
const STUCK_AFTER_BEGINNING = 20_000

/**
 * Threads that were told to end and have not yet. One inside native code (a synchronous read, a long SQL statement) cannot be
 * ended by anybody before that returns: it is left alone and counted.
 */
export class LeavingThreads {
  readonly #changed: (stuck: number) => void
  readonly #leaving = new Map<Worker, NodeJS.Timeout>()
  readonly #stuck = new Set<Worker>()
  #gone: (() => void)[] = []

  /** @param changed called with how many are stuck, when one more is and when one has ended, stuck or not */
  constructor(changed: (stuck: number) => void) {
    this.#changed = changed
  }

  get stuck(): number {
    return this.#stuck.size
  }

  /** Threads that have not ended, stuck or not. */
  get size(): number {
    return this.#leaving.size
  }

  /** @param begun whether it has ever been ready for a job */
  add(thread: Worker, begun: boolean): void {
    if (this.#leaving.has(thread)) return
    const timer = setTimeout(
      () => {
        this.#stuck.add(thread)
        this.#changed(this.#stuck.size)
      },
      begun ? STUCK_AFTER : STUCK_AFTER_BEGINNING,
    )
    this.#leaving.set(thread, timer.unref())
    thread.once('exit', () => {
      clearTimeout(timer)
      this.#leaving.delete(thread)
      this.#stuck.delete(thread)
      this.#changed(this.#stuck.size)
      if (this.#leaving.size === 0) for (const resolve of this.#gone.splice(0)) resolve()
    })
  }

  /** Resolves once all have ended. */
  async ended(): Promise<void> {
    if (this.#leaving.size > 0) await new Promise<void>((resolve) => this.#gone.push(resolve))
  }
}
