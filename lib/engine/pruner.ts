import { PruneWalk } from '../store/prune-walk.ts'
import type { Store } from '../store/store.ts'
import type { Retention } from '../wire/care.ts'
import type { Clock } from './clock.ts'
import type { Edits } from './edits.ts'

/** Rows of statistics and of ledgers deleted in one transaction. */
const PAGE = 500
/** Keys looked at between pages. */
const KEYS = 100
/** While there is something to delete, a page is followed by a pause of so many times what it took, from 10 ms to one second. */
const REST = 20
/** The same while jobs run in crowds: what waits goes first, and still some thousands of jobs a second are deleted. */
const BUSY_REST = 50
const SHORTEST_REST = 10
const LONGEST_REST = 1_000
/** Pause while there is not, and the longest between walks over what is finished, in ms. */
const IDLE_PAUSE = 5_000
const LONGEST_PAUSE = 300_000
/** Free space worth handing back: a share of the file, and pages. Less is soon used again. */
const WORTH_SHARE = 0.3
const WORTH_PAGES = 4_096
const HANDED_BACK = 128

interface PrunerParts {
  store: Store
  edits: Edits
  clock: Clock
  /** Whether many jobs wait for the threads. */
  crowded: () => boolean
}

interface Care {
  retention: Retention
  /** How long what became of slots is kept, in ms; null for ever. */
  ledgerRetention: number | null
}

/** Tidies up a page at a time, so that nobody waits for it: deletes what is past its retention, folds old statistics. */
export class Pruner {
  readonly #store: Store
  readonly #edits: Edits
  readonly #clock: Clock
  readonly #retention: Retention
  readonly #ledger: number | null
  readonly #crowded: () => boolean
  readonly #failed: (error: unknown) => void
  readonly #walk: PruneWalk
  /** How long the present step has taken, in ms. */
  #spent = 0
  #awaited = ''
  #soonest: number | null = null
  /** When the next walk is due, in epoch ms. */
  #walkAt = 0
  #timer: NodeJS.Timeout | null = null

  /** @param failed is told of a step that could not be made; the next comes all the same */
  constructor(
    { store, edits, clock, crowded }: PrunerParts,
    { retention, ledgerRetention }: Care,
    failed: (error: unknown) => void,
  ) {
    this.#store = store
    this.#edits = edits
    this.#clock = clock
    this.#crowded = crowded
    this.#retention = retention
    this.#ledger = ledgerRetention
    this.#failed = failed
    this.#walk = new PruneWalk(store.pruning, retention, () => clock.monotonic())
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
    this.#spent = 0
    if (!this.#walk.underway) await this.#refill()
    if (!(await this.#step(this.#clock.now()))) return IDLE_PAUSE
    const rest = (this.#crowded() ? BUSY_REST : REST) * this.#spent
    return Math.min(LONGEST_REST, Math.max(SHORTEST_REST, rest))
  }

  /** False when there was nothing to do. */
  async #step(now: number): Promise<boolean> {
    const { folding, rates } = this.#store
    if (now >= this.#walkAt) {
      if (await this.#prune(now)) return true
      this.#walkAt = now + this.#pause(now)
    }
    if (await this.#pruneLedger(now)) return true
    if (folding.due(now) && (await this.#write((at) => folding.fold(at)))) return true
    if (this.#timed(() => this.#store.handBack(WORTH_PAGES, WORTH_SHARE, HANDED_BACK))) return true
    return rates.prunable(now) && this.#write((at) => rates.prune(at, PAGE))
  }

  async #prune(now: number): Promise<boolean> {
    if (!this.#walk.underway) this.#soonest = null
    const page = this.#timed(() => this.#walk.look(now))
    if (page.soonest !== null) this.#soonest = Math.min(this.#soonest ?? page.soonest, page.soonest)
    this.#walk.moveOn(page, page.runs.length === 0 ? null : await this.#write(() => this.#walk.remove(page)))
    return this.#walk.underway
  }

  #write<T>(write: (now: number) => T): Promise<T> {
    return this.#edits.make((now) => this.#timed(() => write(now)))
  }

  #timed<T>(work: () => T): T {
    const began = this.#clock.monotonic()
    const value = work()
    this.#spent += this.#clock.monotonic() - began
    return value
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
      this.#store.slots.anyBefore(oldest) && (await this.#write(() => this.#store.slots.prune(oldest, PAGE))) === PAGE
    )
  }
}
