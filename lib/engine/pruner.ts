import type { Store } from '../store/store.ts'
import type { Retention } from '../wire/care.ts'
import type { Clock } from './clock.ts'
import type { Edits } from './edits.ts'

/** Rows looked at, and at most deleted, in one transaction. */
const PAGE = 500
/** Keys looked at between pages. */
const KEYS = 100
/** Longest that one deletion holds the writer, in ms. */
const HOLD = 8
/** Pause between pages while there is something to delete, in ms. */
const BUSY_PAUSE = 50
/** Pause while there is not, and the longest between walks over what is finished, in ms. */
const IDLE_PAUSE = 5_000
const LONGEST_PAUSE = 300_000
/** Free space worth handing back: a share of the file, and pages. Less is soon used again. */
const WORTH_SHARE = 0.3
const WORTH_PAGES = 4_096
const HANDED_BACK = 128

/** Tidies up a page at a time, so that nobody waits for it: deletes what is past its retention, folds old statistics. */
export class Pruner {
  readonly #store: Store
  readonly #edits: Edits
  readonly #clock: Clock
  readonly #retention: Retention
  /** How long what became of slots is kept, in ms; null for ever. */
  readonly #ledger: number | null
  readonly #failed: (error: unknown) => void
  #after = 0
  #awaited = ''
  #soonest: number | null = null
  /** When the next walk is due, in epoch ms. */
  #walkAt = 0
  #timer: NodeJS.Timeout | null = null

  constructor(
    store: Store,
    edits: Edits,
    clock: Clock,
    retention: Retention,
    ledger: number | null,
    failed: (error: unknown) => void,
  ) {
    this.#store = store
    this.#edits = edits
    this.#clock = clock
    this.#retention = retention
    this.#ledger = ledger
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
    await this.#edits.make((now) => {
      for (const key of keys) this.#store.admission.rouse(key, now)
    })
  }

  #next(pause: number): void {
    this.#timer = setTimeout(() => {
      this.#care().then(
        (wait) => this.#timer && this.#next(wait),
        (error: unknown) => {
          this.#failed(error)
          if (this.#timer) this.#next(IDLE_PAUSE)
        },
      )
    }, pause)
  }

  /** One step of one kind; returns how long to wait for the next. */
  async #care(): Promise<number> {
    const now = this.#clock.now()
    if (this.#after === 0) await this.#refill()
    if (now >= this.#walkAt) {
      if (await this.#prune(now)) return BUSY_PAUSE
      this.#walkAt = now + this.#pause(now)
    }
    if (await this.#pruneLedger(now)) return BUSY_PAUSE
    if (this.#store.folding.due(now) && (await this.#edits.make((at) => this.#store.folding.fold(at))))
      return BUSY_PAUSE
    if (this.#store.handBack(WORTH_PAGES, WORTH_SHARE, HANDED_BACK)) return BUSY_PAUSE
    if (this.#store.rates.prunable(now) && (await this.#edits.make((at) => this.#store.rates.prune(at, PAGE))))
      return BUSY_PAUSE
    return IDLE_PAUSE
  }

  async #prune(now: number): Promise<boolean> {
    const page = this.#store.pruning.look(this.#retention, this.#after, PAGE, now)
    if (this.#after === 0) this.#soonest = null
    if (page.soonest !== null) this.#soonest = Math.min(this.#soonest ?? page.soonest, page.soonest)
    const whole = page.jobs.length === 0 || (await this.#edits.make(() => this.#remove(page)))
    if (whole) this.#after = page.next
    return !whole || page.next > 0
  }

  #remove(page: Parameters<Store['pruning']['remove']>[0]): boolean {
    const end = this.#clock.monotonic() + HOLD
    return this.#store.pruning.remove(page, () => this.#clock.monotonic() < end)
  }

  /** A walk is made when something may go by its age; what ends from now on lives for the shortest age at least. */
  #pause(now: number): number {
    const keeps = Object.values(this.#retention)
    if (keeps.some(({ count }) => count !== null)) return 0
    const shortest = Math.min(LONGEST_PAUSE, ...keeps.flatMap(({ age }) => age ?? []))
    return Math.min(shortest, (this.#soonest ?? Number.POSITIVE_INFINITY) - now)
  }

  /** True when there may be more to delete. */
  async #pruneLedger(now: number): Promise<boolean> {
    if (this.#ledger === null) return false
    const oldest = now - this.#ledger
    return (
      this.#store.slots.anyBefore(oldest) &&
      (await this.#edits.make(() => this.#store.slots.prune(oldest, PAGE))) === PAGE
    )
  }
}
