import { statSync } from 'node:fs'
import type { FileSize } from '../../wire/reading.ts'
import type { Connection, Statement } from '../driver.ts'

/** Sizes, by `stat` and SQLite's own count: the files are never opened beside SQLite. */
export class FileSizes {
  readonly #path: string
  readonly #pageSize: Statement
  readonly #free: Statement

  constructor(db: Connection) {
    this.#path = db.name
    this.#pageSize = db.prepare('PRAGMA page_size').pluck()
    this.#free = db.prepare('PRAGMA freelist_count').pluck()
  }

  read(): FileSize {
    return {
      path: this.#path,
      bytes: statSync(this.#path).size,
      walBytes: statSync(`${this.#path}-wal`, { throwIfNoEntry: false })?.size ?? 0,
      freeBytes: (this.#free.get() as number) * (this.#pageSize.get() as number),
    }
  }
}
