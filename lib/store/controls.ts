import type { LineName } from '../wire/messages.ts'
import type { Connection, Statement } from './driver.ts'

export interface Order extends LineName {
  pausedAt: number | null
}

/** What somebody ordered for queues and tasks. The caller holds the transaction. */
export class Controls {
  readonly #all: Statement
  readonly #pause: Statement
  readonly #resume: Statement
  readonly #resumeAll: Statement

  constructor(db: Connection) {
    this.#all = db.prepare('SELECT kind, name, paused_at AS pausedAt FROM celeriac_controls ORDER BY kind, name')
    this.#pause = db.prepare(`INSERT INTO celeriac_controls (kind, name, paused_at) VALUES (?, ?, ?)
      ON CONFLICT (kind, name) DO UPDATE SET paused_at = coalesce(paused_at, excluded.paused_at)`)
    this.#resume = db.prepare('UPDATE celeriac_controls SET paused_at = NULL WHERE kind = ? AND name = ?')
    this.#resumeAll = db.prepare('UPDATE celeriac_controls SET paused_at = NULL')
  }

  all(): Order[] {
    return this.#all.all() as Order[]
  }

  pause({ kind, name }: LineName, now: number): void {
    this.#pause.run(kind, name, now)
  }

  /** @param line null for every one */
  resume(line: LineName | null): void {
    if (line) this.#resume.run(line.kind, line.name)
    else this.#resumeAll.run()
  }
}
