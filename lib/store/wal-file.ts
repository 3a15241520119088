import { closeSync, fdatasync, fdatasyncSync, openSync, realpathSync } from 'node:fs'

/**
 * A database's WAL as a file of its own, to bring what was committed to the disk. SQLite keeps its locks on the database
 * and on the `-shm` file and none on this one, so it may be opened and closed beside SQLite's own descriptor; closing a
 * descriptor of either of the others would drop the locks of the whole process.
 */
export class WalFile {
  readonly #database: string
  #descriptor: number | null = null

  constructor(database: string) {
    this.#database = database
  }

  sync(): void {
    fdatasyncSync(this.#open())
  }

  syncAside(done: (error: Error | null) => void): void {
    fdatasync(this.#open(), done)
  }

  close(): void {
    if (this.#descriptor !== null) closeSync(this.#descriptor)
    this.#descriptor = null
  }

  #open(): number {
    // SQLite puts it beside the file that a link leads to. For writing: Windows syncs no other.
    this.#descriptor ??= openSync(`${realpathSync(this.#database)}-wal`, 'r+')
    return this.#descriptor
  }
}
