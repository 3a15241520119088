import type { Retention } from '../wire/care.ts'
import type { Pruned, PrunePage, Pruning } from './prune.ts'
import { PrunePace } from './prune-pace.ts'

/** Rows looked at, and at most deleted, in one transaction. */
const PAGE = 500

/** A walk over all that may go, a page at a time; it can be made again and again. */
export class PruneWalk {
  readonly #pruning: Pruning
  readonly #retention: Retention
  readonly #pace: PrunePace
  #after = 0

  /** @param now in ms, by a clock that is never set back */
  constructor(pruning: Pruning, retention: Retention, now: () => number) {
    this.#pruning = pruning
    this.#retention = retention
    this.#pace = new PrunePace(now)
  }

  /** Whether a walk has begun and not ended. */
  get underway(): boolean {
    return this.#after > 0
  }

  /** Reads the next page; changes nothing. @param now epoch ms */
  look(now: number): PrunePage {
    return this.#pruning.look(this.#retention, this.#after, PAGE, now)
  }

  /** Inside a transaction: deletes as much of the page as time allows. */
  remove(page: PrunePage): Pruned {
    this.#pace.begin()
    return this.#pruning.remove(page, () => this.#pace.more())
  }

  /** Goes on behind what is done with a page. @param done what was deleted of it and is committed; null for nothing */
  moveOn(page: PrunePage, done: Pruned | null): void {
    this.#after = done?.brokeOff ?? page.next
  }
}
