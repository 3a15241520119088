import { isTexts, readJson } from '../wire/stored-json.ts'
import type { Connection, Statement } from './driver.ts'

const KEY = 'redact:'
/** The first key behind those that begin with it. */
const BEHIND = 'redact;'

/** What apps of the file want masked wherever it is shown: kept for readers that have the file and no app. */
export class RedactedPaths {
  readonly #keep: Statement
  readonly #forget: Statement
  readonly #all: Statement

  constructor(db: Connection) {
    this.#keep = db.prepare(`INSERT INTO celeriac_meta (key, value) VALUES (?, ?)
      ON CONFLICT (key) DO UPDATE SET value = excluded.value WHERE value <> excluded.value`)
    this.#forget = db.prepare('DELETE FROM celeriac_meta WHERE key = ?')
    this.#all = db.prepare(`SELECT value FROM celeriac_meta WHERE key >= '${KEY}' AND key < '${BEHIND}'`).pluck()
  }

  /** What an app says when it starts takes the place of what it said before. */
  keep(app: string, paths: readonly string[]): void {
    if (paths.length === 0) this.#forget.run(KEY + app)
    else this.#keep.run(KEY + app, JSON.stringify(paths))
  }

  /** Of all apps of the file. */
  all(): string[] {
    const paths = (this.#all.all() as unknown[]).flatMap((text) => {
      const said = readJson(String(text))
      return isTexts(said) ? said : []
    })
    return [...new Set(paths)]
  }
}
