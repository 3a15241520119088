import { CeleriacError } from '../errors.ts'
import { sqliteCode } from '../store/sqlite-errors.ts'
import type { Telling } from './disk-sync.ts'
import type { Participant } from './turn.ts'

interface Edit {
  write: (now: number) => unknown
  done: (value: unknown) => void
  refused: (error: CeleriacError) => void
}

/**
 * Single writes on request: revoke, forget, a schedule's change, a rescue. Each is answered once the turn's commit lies
 * on the disk; one that throws an error of ours must do so before it writes.
 */
export class Edits implements Participant {
  readonly promises = 'now'
  readonly #request: () => void
  #edits: Edit[] = []
  #written: (() => void)[] = []

  /** @param request asks for a turn */
  constructor(request: () => void) {
    this.#request = request
  }

  /** Resolves with what `write` returned, once it is committed. */
  make<T>(write: (now: number) => T): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#edits.push({ write, done: resolve as (value: unknown) => void, refused: reject })
      this.#request()
    })
  }

  pending(): boolean {
    return this.#edits.length > 0
  }

  write(now: number): void {
    this.#written = this.#edits.map((edit) => {
      try {
        const value = edit.write(now)
        return () => edit.done(value)
      } catch (error) {
        // What one edit refuses, such as a schedule that does not exist, must not undo what shares its transaction.
        if (sqliteCode(error) !== null || !(error instanceof CeleriacError)) throw error
        return () => edit.refused(error)
      }
    })
  }

  committed(): Telling {
    const written = this.#written
    this.#edits = this.#edits.slice(written.length)
    this.#written = []
    return () => {
      for (const answer of written) answer()
    }
  }

  failed(error: CeleriacError): void {
    const edits = this.#edits
    this.#edits = []
    this.#written = []
    for (const edit of edits) edit.refused(error)
  }
}
