import type { Store } from '../store/store.ts'

/** Turns after which a quiet moment is used to checkpoint: a WAL of a few hundred pages costs least to sync. */
const TURNS_IDLE = 100
/** Turns after which it is done even under load. */
const TURNS_BUSY = 400

/**
 * Keeps the WAL small, so that it is overwritten rather than grown: syncing a growing file costs twice as much. Runs
 * after the turn's answers have gone out, never inside a commit that somebody waits for.
 */
export class WalKeeper {
  readonly #store: Store
  #turns = 0

  constructor(store: Store) {
    this.#store = store
  }

  turned(idle: boolean): void {
    this.#turns++
    if (this.#turns < (idle ? TURNS_IDLE : TURNS_BUSY)) return
    this.#turns = 0
    this.#store.checkpoint()
  }
}
