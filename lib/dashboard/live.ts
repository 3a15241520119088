import type { Change, ChangeCursor, DashboardData } from './data.ts'

/** Between two looks at the file while anybody watches, in ms; what watchers get is never more often than this. */
const EVERY = 400
/** Most changes sent at once; the rest is counted. */
const SENT = 100

export interface Tick {
  changes: Change[]
  /** Changes that happened and are not among `changes`. */
  skipped: number
  /** Whether something runs: what a page shows of it goes on without a change. */
  running: boolean
}

/** Null says that there will be no more. */
type Watcher = (tick: Tick | null) => void

/** Looks at the file for all watchers together, and not at all when there is none. */
export class LiveFeed {
  readonly #data: DashboardData
  readonly #watchers = new Set<Watcher>()
  /** Watchers who have not been told anything yet. */
  readonly #newcomers = new Set<Watcher>()
  #cursor: ChangeCursor | null = null
  #timer: NodeJS.Timeout | null = null
  #looking = false
  #closed = false

  constructor(data: DashboardData) {
    this.#data = data
  }

  /** Ends the streams of all watchers, and begins no further ones. */
  close(): void {
    this.#closed = true
    for (const watcher of [...this.#watchers]) watcher(null)
  }

  get closed(): boolean {
    return this.#closed
  }

  get watchers(): number {
    return this.#watchers.size
  }

  /**
   * Calls `watcher` with what happens from now on, until the returned function is called; the first time after the next
   * look, whatever it found: something may have happened between what the watcher has seen and now.
   */
  watch(watcher: Watcher): () => void {
    this.#watchers.add(watcher)
    this.#newcomers.add(watcher)
    if (this.#watchers.size === 1) {
      this.#cursor = null
      this.#plan(0)
    }
    return () => {
      this.#watchers.delete(watcher)
      this.#newcomers.delete(watcher)
      if (this.#watchers.size > 0 || !this.#timer) return
      clearTimeout(this.#timer)
      this.#timer = null
    }
  }

  #plan(delay: number): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.#look(), delay)
    // Whoever only watches keeps no process alive.
    this.#timer.unref()
  }

  async #look(): Promise<void> {
    if (this.#looking) return
    this.#looking = true
    try {
      const first = this.#cursor === null
      const { changes, skipped, cursor } = await this.#data.changes(this.#cursor)
      this.#cursor = cursor
      const running = (await this.#data.states()).STARTED ?? 0
      const happened = !first && (changes.length > 0 || skipped > 0 || running > 0)
      if (happened) this.#tell(this.#watchers, { changes, skipped, running: running > 0 })
      else this.#tell(this.#newcomers, { changes: [], skipped: 0, running: running > 0 })
      this.#newcomers.clear()
    } catch {
      // The file may be busy or gone for a while; the next look tells.
    } finally {
      this.#looking = false
      if (this.#watchers.size > 0) this.#plan(EVERY)
    }
  }

  #tell(watchers: Iterable<Watcher>, { changes, skipped, running }: Tick): void {
    const tick = {
      changes: changes.slice(-SENT),
      skipped: skipped + Math.max(0, changes.length - SENT),
      running,
    }
    for (const watcher of watchers) watcher(tick)
  }
}
