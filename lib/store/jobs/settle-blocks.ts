import type { Payload } from '../../wire/codec.ts'
import type { Connection, Statement } from '../driver.ts'
import { isUnfit } from '../sqlite-errors.ts'
import { type Tally, tallyOf } from '../tally.ts'
import type { Claim, JobSettlements } from './settle.ts'

/** A job that succeeded, and that nothing but its own row and its claim tells of. */
export interface Success {
  claim: Claim
  startedAt: number
  result: Payload
  /** How long it ran, in ms. */
  ran: number
}

/** Jobs ended by one statement: 64 cost little more than half as much each. */
const BLOCKS: readonly number[] = [64, 16]

/** Least neighbours that are ended as a range, which costs a quarter less. */
const RANGE = 12

/** Fewer are written one by one. */
export const LEAST_BLOCK = BLOCKS[BLOCKS.length - 1] as number

const list = (count: number, what: string): string => Array(count).fill(what).join(', ')

/** Writes the ends of many plain jobs, guarded by their claims as `JobSettlements` does one by one. */
export class SettledBlocks {
  readonly #db: Connection
  readonly #tally: Tally
  readonly #settlements: JobSettlements
  readonly #statements = new Map<number, { succeed: Statement; release: Statement }>()
  readonly #heldRange: Statement
  readonly #succeedRange: Statement
  readonly #releaseRange: Statement
  readonly #ended: Statement

  constructor(db: Connection, settlements: JobSettlements) {
    this.#db = db
    this.#tally = tallyOf(db)
    this.#settlements = settlements
    this.#heldRange = db
      .prepare('SELECT count(*) FROM celeriac_claims WHERE seq BETWEEN ? AND ? AND owner = ? AND token = seq + ?')
      .pluck()
    this.#succeedRange = db.prepare(`UPDATE celeriac_jobs SET state = 'SUCCESS', attempt = attempt + 1, owner = ?,
        token = seq + ?, thread = ?, started_at = ?, finished_at = ?, result = ? WHERE seq BETWEEN ? AND ? AND state = 'PENDING'`)
    this.#releaseRange = db.prepare('DELETE FROM celeriac_claims WHERE seq BETWEEN ? AND ?')
    this.#ended = db.prepare(`SELECT 1 FROM celeriac_claims c CROSS JOIN celeriac_jobs j ON j.seq = c.seq
      WHERE c.seq = ? AND c.owner = ? AND c.token = ? AND j.state = 'SUCCESS' AND j.owner = c.owner AND j.token = c.token`)
  }

  /**
   * Ends jobs of different rows as SUCCESS. Returns for each whether its claim was held; null where it is still to be
   * written, alone.
   */
  succeed(successes: readonly Success[], now: number): (boolean | null)[] {
    const held = Array<boolean | null>(successes.length).fill(null)
    if (successes.length < LEAST_BLOCK) return held
    // Neighbours share pages, and the rows of their claims are deleted at one stroke.
    const order = successes.map((_, i) => i).sort((a, b) => successes[a]!.claim.seq - successes[b]!.claim.seq)
    const others: number[] = []
    for (let at = 0; at < order.length; ) {
      const end = at + alike(successes, order, at)
      if (end - at < RANGE || !this.#writeRange(successes, order, at, end, now, held))
        for (let i = at; i < end; i++) others.push(order[i] as number)
      at = end
    }
    let from = 0
    for (const size of BLOCKS) {
      for (; from + size <= others.length; from += size) {
        const block = others.slice(from, from + size)
        const written = this.#write(of(successes, block), now)
        if (written) keep(held, block, written)
      }
    }
    return held
  }

  /**
   * The same for neighbours that differ in nothing but their rows, as most very short jobs do. False when a claim is not held, or
   * the rows cannot hold it: nothing is written then.
   */
  #writeRange(
    successes: readonly Success[],
    order: readonly number[],
    from: number,
    end: number,
    now: number,
    held: (boolean | null)[],
  ): boolean {
    const { claim, startedAt, result } = successes[order[from] as number] as Success
    const { seq, owner, token, thread } = claim
    const count = end - from
    const last = seq + count - 1
    if (this.#heldRange.get(seq, last, owner, token - seq) !== count) return false
    let changes: number
    try {
      changes = this.#succeedRange.run(owner, token - seq, thread, startedAt, now, result, seq, last).changes
    } catch (error) {
      if (isUnfit(error)) return false
      throw error
    }
    if (changes === count) this.#releaseRange.run(seq, last)
    for (let i = from; i < end; i++) {
      const place = order[i] as number
      const success = successes[place] as Success
      if (changes === count) this.#count(success, now)
      held[place] = changes === count || this.#look(success, now)
    }
    return true
  }

  /** Null when a row cannot hold what it is to hold: each is to be written alone. */
  #write(block: readonly Success[], now: number): boolean[] | null {
    const { owner } = block[0]!.claim
    if (block.some(({ claim }) => claim.owner !== owner)) return null
    const { succeed, release } = this.#prepared(block.length)
    const values: unknown[] = []
    for (const { claim, startedAt, result } of block)
      values.push(claim.seq, claim.token, claim.thread, startedAt, result)
    let changes: number
    try {
      changes = succeed.run(values, { owner, now }).changes
    } catch (error) {
      // The statement is undone as a whole, and the transaction goes on.
      if (isUnfit(error)) return null
      throw error
    }
    if (changes !== block.length) return block.map((success) => this.#look(success, now))
    const first = block[0]!.claim.seq
    const last = block[block.length - 1]!.claim.seq
    if (last - first === block.length - 1) this.#releaseRange.run(first, last)
    else release.run(block.map(({ claim }) => claim.seq))
    for (const success of block) this.#count(success, now)
    return block.map(() => true)
  }

  #count({ claim, startedAt, ran }: Success, now: number): void {
    this.#tally.succeeded(claim, now, ran, claim.due === undefined ? null : startedAt - claim.due)
  }

  /** Some claim was not held: those that were are still there, beside what this very block wrote. */
  #look(success: Success, now: number): boolean {
    const { claim } = success
    const held = this.#ended.get(claim.seq, claim.owner, claim.token) !== undefined
    this.#settlements.giveBack(claim)
    if (held) this.#count(success, now)
    return held
  }

  /**
   * By an upsert, since SQLite runs one row by row, where `UPDATE … FROM` writes the rows into a table of its own first. It
   * never inserts: a row of a claim is always there, and were it not, the text for a rank would be refused.
   */
  #prepared(size: number): { succeed: Statement; release: Statement } {
    let statements = this.#statements.get(size)
    if (!statements) {
      const succeed = this.#db.prepare(`INSERT INTO celeriac_jobs
          (seq, id, task, queue, state, priority, rank, enqueued_at, codec, args, token, thread, started_at, result)
        SELECT v.column1, '', '', '', 'SUCCESS', 0, 'never', 0, '', '', v.column2, v.column3, v.column4, v.column5
        FROM (VALUES ${list(size, '(?, ?, ?, ?, ?)')}) v
        CROSS JOIN celeriac_claims c ON c.seq = v.column1 AND c.owner = @owner AND c.token = v.column2 WHERE true
        ON CONFLICT (seq) DO UPDATE SET state = 'SUCCESS', attempt = attempt + 1, owner = @owner, token = excluded.token,
          thread = excluded.thread, started_at = excluded.started_at, finished_at = @now, result = excluded.result WHERE state = 'PENDING'`)
      const release = this.#db.prepare(`DELETE FROM celeriac_claims WHERE seq IN (${list(size, '?')})`)
      statements = { succeed, release }
      this.#statements.set(size, statements)
    }
    return statements
  }
}

/** How many from one on have neighbouring rows, tokens as far apart, and the same to be written. */
function alike(successes: readonly Success[], order: readonly number[], from: number): number {
  const first = successes[order[from]!]!
  const { seq, owner, token, thread } = first.claim
  let count = 1
  for (; from + count < order.length; count++) {
    const { claim, startedAt, result } = successes[order[from + count]!]!
    if (claim.seq !== seq + count || claim.token !== token + count || claim.owner !== owner || claim.thread !== thread)
      break
    if (startedAt !== first.startedAt || result !== first.result) break
  }
  return count
}

const of = (successes: readonly Success[], indexes: readonly number[]): Success[] =>
  indexes.map((i) => successes[i] as Success)

function keep(held: (boolean | null)[], indexes: readonly number[], written: readonly boolean[]): void {
  for (const [k, i] of indexes.entries()) held[i] = written[k] as boolean
}
