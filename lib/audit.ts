import { integerOr, nameOf, optionsOf } from './options/check.ts'
import type { ResultSource } from './result.ts'

/** One change that somebody made by hand. */
export interface AuditEntry {
  at: Date
  user: string
  action: string
  /** What was changed: an id, a name, a filter. */
  target: string
  /** What came of it; null while it goes on, or when the process ended under it. */
  outcome: string | null
}

/** Longest text of an entry, in characters. */
const LONGEST = 500

/**
 * Who changed what by hand, and when; the last 10,000 entries are kept in the file. The dashboard and the command record
 * every change they make. What the app's own code changes, by `control` or otherwise, is not recorded: nobody's hand did it.
 * Code that acts for a person says so by `record()`.
 */
export class AuditLog {
  readonly #source: ResultSource

  constructor(source: ResultSource) {
    this.#source = source
  }

  /**
   * Makes a change and records it: that it was begun before, and its outcome after.
   * @param outcomeOf what the entry says of the change's result. Default `'done'`
   * @throws what `change` throws, which is recorded too
   */
  async record<T>(
    entry: { user: string; action: string; target: string },
    change: () => Promise<T>,
    outcomeOf: (result: T) => string = () => 'done',
  ): Promise<T> {
    const { user, action, target } = optionsOf(entry, 'record()', ['user', 'action', 'target']) as typeof entry
    const seq = await this.#source.requests().ask<number>({
      about: 'audit-begin',
      user: nameOf(user, 'record(): user'),
      action: nameOf(action, 'record(): action'),
      target: String(target).slice(0, LONGEST),
    })
    const end = (outcome: string): Promise<void> =>
      this.#source.requests().ask({ about: 'audit-end', seq, outcome: outcome.slice(0, LONGEST) })
    let result: T
    try {
      result = await change()
    } catch (error) {
      await end(`failed: ${error instanceof Error ? error.message : String(error)}`)
      throw error
    }
    await end(outcomeOf(result))
    return result
  }

  /** The latest first. @param options.limit default 100, at most 10,000 */
  async list(options: { limit?: number } = {}): Promise<AuditEntry[]> {
    const given = optionsOf(options, 'list()', ['limit'])
    const limit = integerOr(given.limit, 'list(): limit', 100, 1, 10_000)
    const rows = await this.#source
      .requests()
      .ask<(Omit<AuditEntry, 'at'> & { at: number })[]>({ about: 'audit', limit })
    return rows.map(({ at, user, action, target, outcome }) => ({ at: new Date(at), user, action, target, outcome }))
  }
}
