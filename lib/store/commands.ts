import { InvalidPayload } from '../errors.ts'
import { readWireError, toWireError, type WireError } from '../wire/error-codec.ts'
import type { CommandArgs, Verb } from '../wire/messages.ts'
import { isNumber, readJson, readObject } from '../wire/stored-json.ts'
import type { Connection, Statement } from './driver.ts'

/** Age at which a command is no longer obeyed, and its row removed, in ms. */
export const COMMAND_LIFE = 60_000

export interface StoredCommand {
  id: number
  verb: Verb
  /** null when they cannot be read. */
  args: CommandArgs | null
}

export interface StoredAnswer {
  value: unknown
  error: WireError | null
}

const UNREADABLE_ANSWER = toWireError(
  new InvalidPayload('the stored answer cannot be read — its row was changed from outside, or the file is damaged'),
)

function readArgs(text: string): CommandArgs | null {
  const args = readObject(text)
  if (args === null) return null
  const { threads = 1, drain = 0, grace = 0 } = args
  const whole = Number.isInteger(threads) && (threads as number) > 0 && (threads as number) <= 1_024
  return whole && [drain, grace].every((time) => isNumber(time) && time >= 0) ? args : null
}

/** What processes ask of each other through the file. */
export class StoredCommands {
  readonly #add: Statement
  readonly #open: Statement
  readonly #answer: Statement
  readonly #answered: Statement
  readonly #remove: Statement
  readonly #prune: Statement

  constructor(db: Connection) {
    this.#add = db.prepare('INSERT INTO celeriac_commands (process, verb, args, asked_at) VALUES (?, ?, ?, ?)')
    this.#open = db.prepare(`SELECT id, verb, args FROM celeriac_commands
      WHERE process = ? AND answered_at IS NULL AND asked_at > ?`)
    this.#answer = db.prepare('UPDATE celeriac_commands SET answered_at = ?, answer = ?, error = ? WHERE id = ?')
    this.#answered = db.prepare('SELECT answer, error FROM celeriac_commands WHERE id = ? AND answered_at IS NOT NULL')
    this.#remove = db.prepare('DELETE FROM celeriac_commands WHERE id = ?')
    this.#prune = db.prepare('DELETE FROM celeriac_commands WHERE asked_at <= ?')
  }

  /** Returns the command's id, which is never used twice. */
  add(process: number, verb: Verb, args: CommandArgs, now: number): number {
    return Number(this.#add.run(process, verb, JSON.stringify(args), now).lastInsertRowid)
  }

  /** Commands to a process that wait for its answer. */
  open(process: number, now: number): StoredCommand[] {
    const rows = this.#open.all(process, now - COMMAND_LIFE) as { id: number; verb: Verb; args: string }[]
    return rows.map(({ id, verb, args }) => ({ id, verb, args: readArgs(args) }))
  }

  answer(id: number, value: unknown, error: WireError | null, now: number): void {
    this.#answer.run(now, JSON.stringify(value ?? null), error && JSON.stringify(error), id)
  }

  /** The answer to a command; null while there is none. */
  answered(id: number): StoredAnswer | null {
    const row = this.#answered.get(id) as { answer: string; error: string | null } | undefined
    if (!row) return null
    const value = readJson(row.answer)
    const error = row.error === null ? (value === undefined ? UNREADABLE_ANSWER : null) : readWireError(row.error)
    return { value: value ?? null, error }
  }

  remove(ids: readonly number[]): void {
    for (const id of ids) this.#remove.run(id)
  }

  /** Removes what nobody waits for any more. */
  prune(now: number): void {
    this.#prune.run(now - COMMAND_LIFE)
  }
}
