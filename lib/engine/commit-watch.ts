import { type FSWatcher, watch } from 'node:fs'

/**
 * Hears of writes to the write-ahead log by the kernel's notices, so that a process with nothing to do need not look for
 * the commits of others all the time. Under load each page written would be a notice: after the first one it is closed.
 * Watching opens no descriptor of the file, so the connection's locks are safe.
 */
export class CommitWatch {
  readonly #path: string
  readonly #heard: () => void
  #watcher: FSWatcher | null = null
  #proven = false
  /** Only Linux tells of a write at the moment it is made. */
  #refused = process.platform !== 'linux'

  constructor(walPath: string, heard: () => void) {
    this.#path = walPath
    this.#heard = heard
  }

  /** Whether a write will be heard of. Not before one was: some file systems send no notices. */
  get listening(): boolean {
    return this.#proven && this.#watcher !== null
  }

  /** Until the next notice. What was written before must be looked for after this. */
  open(): void {
    if (this.#refused || this.#watcher) return
    try {
      const watcher = watch(this.#path, { persistent: false })
      watcher.on('change', () => {
        if (this.#watcher !== watcher) return
        this.#proven = true
        this.close()
        this.#heard()
      })
      watcher.on('error', () => this.#refuse())
      this.#watcher = watcher
    } catch (error) {
      // Such as too many watchers of this user. The file itself may only be missing as yet.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') this.#refuse()
    }
  }

  close(): void {
    this.#watcher?.close()
    this.#watcher = null
  }

  #refuse(): void {
    this.#refused = true
    this.close()
  }
}
