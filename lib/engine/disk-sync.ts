import { storageError } from '../store/sqlite-errors.ts'
import type { Store } from '../store/store.ts'

/** How soon a commit must lie on the disk: at once, before `SOON` has passed, or whenever the next one is synced. */
export type Promised = 'now' | 'soon' | null

/** Tells somebody what a commit has made true. */
export type Telling = () => void

/** Longest time for which a promise that nobody waits for urgently may gather others, in ms. */
const SOON = 5
/** A disk that takes longer than this for two syncs in a row is waited for in another thread, in ms. */
const SLOW = 1

/**
 * Keeps promises: tells of what was committed once it lies on the disk, in the order of the commits. Commits themselves
 * do not sync (`synchronous = NORMAL`); the WAL is synced here, after jobs were handed to the threads, so that these run
 * meanwhile, and once for all that was committed by then. A fast disk is waited for in this thread, since waking another
 * takes longer; a slow one in another, so that the engine goes on.
 */
export class DiskSync {
  readonly #store: Store
  readonly #told: () => void
  readonly #failed: (error: unknown) => void
  /** What is to be told after the next sync. */
  #waiting: Telling[] = []
  /** How soon that sync is due. */
  #due: Promised = null
  /** What is to be told after the sync that another thread is waiting for. */
  #flying: Telling[] | null = null
  #timer: NodeJS.Timeout | null = null
  #slow = false
  #late = false
  /** The disk refused: nothing is told any more. */
  #lost = false

  /**
   * @param told called after something was told
   * @param failed the disk refused: what was committed may be lost with the power, so nothing can be promised any more
   */
  constructor(store: Store, told: () => void, failed: (error: unknown) => void) {
    this.#store = store
    this.#told = told
    this.#failed = failed
  }

  /** Something was committed that is promised. What is told from now on waits for it. */
  owe(promised: Promised): void {
    if (promised === null || !this.#store.durable || this.#lost) return
    if (this.#due !== 'now') this.#due = promised
  }

  /** Tells when all that was promised before is on the disk; at once when nothing was. */
  tell(telling: Telling): void {
    if (this.#lost) return
    if (this.#due === null && this.#waiting.length === 0 && this.#flying === null) telling()
    else this.#waiting.push(telling)
  }

  /** Sees to it that what is owed is synced in time. */
  pay(): void {
    if (this.#due === 'now') this.#sync()
    else if (this.#due === 'soon') this.#timer ??= setTimeout(() => this.#sync(), SOON)
  }

  /** Syncs and tells everything, in this thread. */
  settle(): void {
    if (this.#flying === null && this.#due === null) return
    const tellings = [...(this.#flying ?? []), ...this.#take()]
    this.#flying = null
    if (this.#inThread()) this.#tellAll(tellings)
  }

  #sync(): void {
    // It is asked again when that one has ended.
    if (this.#flying) {
      this.#due = 'now'
      return
    }
    const tellings = this.#take()
    if (!this.#slow) {
      if (this.#inThread()) this.#tellAll(tellings)
      return
    }
    this.#flying = tellings
    const began = performance.now()
    this.#store.syncAside((error) => {
      // Settled in the meantime.
      if (this.#flying !== tellings) return
      this.#flying = null
      if (error) {
        this.#fail(error)
        return
      }
      this.#slow = performance.now() - began > SLOW / 2
      this.#tellAll(tellings)
      if (this.#due === 'now') this.#sync()
      else if (this.#due === null) this.#tellAll(this.#take())
    })
  }

  #inThread(): boolean {
    const began = performance.now()
    try {
      this.#store.sync()
    } catch (error) {
      this.#fail(error)
      return false
    }
    const late = performance.now() - began > SLOW
    // One alone is a moment of the machine, and waking another thread for the next would make that one late as well.
    this.#slow = late && this.#late
    this.#late = late
    return true
  }

  /** Not tried again: a kernel that failed to write a page may take it for written from then on. */
  #fail(error: unknown): void {
    this.#lost = true
    this.#take()
    this.#failed(storageError(error, this.#store.path))
  }

  #take(): Telling[] {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    const tellings = this.#waiting
    this.#waiting = []
    this.#due = null
    return tellings
  }

  #tellAll(tellings: Telling[]): void {
    if (tellings.length === 0) return
    for (const telling of tellings) telling()
    this.#told()
  }
}
