import type { Change, ChangeCursor, Changes, DashboardData } from './data.ts'

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

interface Watcher {
  /** Null says that there will be no more. */
  tell: (tick: Tick | null) => void
  /** Whether it wants to hear what happened, not only that something did. */
  events: boolean
  /** Has not been told anything yet. */
  isNew: boolean
}

/** Looks at the file for all watchers together, and not at all when there is none. */
export class LiveFeed {
  readonly #data: DashboardData
  readonly #watchers = new Set<Watcher>()
  #mark: string | null = null
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
    for (const { tell } of [...this.#watchers]) tell(null)
  }

  get closed(): boolean {
    return this.#closed
  }

  get watchers(): number {
    return this.#watchers.size
  }

  /**
   * Calls `tell` when something happens from now on, until the returned function is called; the first time after the next
   * look, whatever it found: something may have happened between what the watcher has seen and now. To be told what it was
   * takes a costlier look, which is made for those who want that only.
   */
  watch(tell: Watcher['tell'], { events }: { events: boolean }): () => void {
    const watcher = { tell, events, isNew: true }
    this.#watchers.add(watcher)
    if (this.#watchers.size === 1) {
      this.#mark = null
      this.#cursor = null
      this.#plan(0)
    }
    return () => {
      this.#watchers.delete(watcher)
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
      const { mark, running } = await this.#data.pulse()
      const happened = (this.#mark !== null && mark !== this.#mark) || running > 0
      this.#mark = mark
      const { changes, skipped } = await this.#changes()
      const tick = {
        changes: changes.slice(-SENT),
        skipped: skipped + Math.max(0, changes.length - SENT),
        running: running > 0,
      }
      for (const watcher of this.#watchers) {
        if (!happened && changes.length === 0 && !watcher.isNew) continue
        const told = watcher.events && !watcher.isNew ? tick : { ...tick, changes: [], skipped: 0 }
        watcher.isNew = false
        watcher.tell(told)
      }
    } catch {
      // The file may be busy or gone for a while; the next look tells.
    } finally {
      this.#looking = false
      if (this.#watchers.size > 0) this.#plan(EVERY)
    }
  }

  async #changes(): Promise<Pick<Changes, 'changes' | 'skipped'>> {
    if (![...this.#watchers].some(({ events }) => events)) {
      this.#cursor = null
      return { changes: [], skipped: 0 }
    }
    const found = await this.#data.changes(this.#cursor)
    this.#cursor = found.cursor
    return found
  }
}
