import type { Retention } from '../store/prune.ts'
import type { Store } from '../store/store.ts'
import type { Clock } from './clock.ts'
import type { Edits } from './edits.ts'

/** Rows looked at, and at most deleted, in one transaction: some 5 ms of the writer. */
const PAGE = 500
/** Keys looked at between pages. */
const KEYS = 100
/** Pause between pages while there is something to delete, and while there is not, in ms. */
const BUSY_PAUSE = 50
const IDLE_PAUSE = 5_000

/** Tidies up a page at a time, so that nobody waits for it: deletes what is past its retention. */
export class Pruner {
  readonly #store: Store
  readonly #edits: Edits
  readonly #clock: Clock
  readonly #retention: Retention
  readonly #failed: (error: unknown) => void
  #after = 0
  #awaited = ''
  #timer: NodeJS.Timeout | null = null

  constructor(store: Store, edits: Edits, clock: Clock, retention: Retention, failed: (error: unknown) => void) {
    this.#store = store
    this.#edits = edits
    this.#clock = clock
    this.#retention = retention
    this.#failed = failed
  }

  begin(): void {
    this.#next(IDLE_PAUSE)
  }

  stop(): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
  }

  /**
   * Places are given on in the transaction that frees them. This looks after those that were freed otherwise, as by a hand on
   * the file, so that no job waits for ever; a page of keys at a time.
   */
  async #refill(): Promise<void> {
    const keys: string[] = []
    for (let key = this.#store.admission.awaitedAfter(this.#awaited); key !== null && keys.length < KEYS; ) {
      keys.push(key)
      key = this.#store.admission.awaitedAfter(key)
    }
    this.#awaited = keys.length === KEYS ? (keys.at(-1) as string) : ''
    if (keys.length === 0) return
    await this.#edits.make(() => {
      for (const key of keys) this.#store.admission.refill(key)
    })
  }

  #next(pause: number): void {
    this.#timer = setTimeout(() => {
      this.#prune().then(
        (busy) => this.#timer && this.#next(busy ? BUSY_PAUSE : IDLE_PAUSE),
        (error: unknown) => {
          this.#failed(error)
          if (this.#timer) this.#next(IDLE_PAUSE)
        },
      )
    }, pause)
  }

  async #prune(): Promise<boolean> {
    if (this.#after === 0) await this.#refill()
    const page = this.#store.pruning.look(this.#retention, this.#after, PAGE, this.#clock.now())
    this.#after = page.next
    if (page.seqs.length > 0) await this.#edits.make(() => this.#store.pruning.remove(page))
    return page.next > 0
  }
}
