import type { Connection, Statement } from '../driver.ts'
import { COUNTED } from '../tally.ts'

const MINUTE = 60_000

/** Numbers in the order of `COUNTED`, by task. */
type Sums = Map<string, number[]>

/**
 * What was counted of each task in the last minutes. Of those in which nothing is counted any more the sums are kept: a look
 * adds what has come since the last, and takes away what is too old by now.
 */
export class RecentMinutes {
  readonly #range: Statement
  #kept: { minutes: number; first: number; until: number; sums: Sums } | null = null

  constructor(db: Connection) {
    const sums = COUNTED.map((name) => `sum(${name})`).join(', ')
    this.#range = db
      .prepare(`SELECT task, ${sums} FROM celeriac_stats_minute WHERE minute >= ? AND minute < ? GROUP BY task`)
      .raw()
  }

  /**
   * Of the minutes that begin after the last `minutes`.
   * @param closed nothing is counted any more in a minute before it
   */
  read(minutes: number, now: number, closed: number): Sums {
    const from = now - minutes * MINUTE
    const first = from - (from % MINUTE) + MINUTE
    const until = Math.max(first, closed)
    const { sums } = this.#keep(minutes, first, until)
    const all: Sums = new Map([...sums].map(([task, counted]) => [task, [...counted]]))
    this.#add(all, until, Number.MAX_SAFE_INTEGER, 1)
    for (const [task, counted] of all) if (counted.every((count) => count === 0)) all.delete(task)
    return all
  }

  #keep(minutes: number, first: number, until: number): { sums: Sums } {
    let kept = this.#kept
    if (kept?.minutes === minutes && kept.first <= first && kept.until >= first && kept.until <= until) {
      this.#add(kept.sums, kept.first, first, -1)
      this.#add(kept.sums, kept.until, until, 1)
      kept = { minutes, first, until, sums: kept.sums }
    } else {
      kept = { minutes, first, until, sums: new Map() }
      this.#add(kept.sums, first, until, 1)
    }
    this.#kept = kept
    return kept
  }

  #add(sums: Sums, from: number, to: number, sign: 1 | -1): void {
    if (from >= to) return
    for (const [task, ...counted] of this.#range.all(from, to) as [string, ...number[]][]) {
      const sum = sums.get(task) ?? Array<number>(counted.length).fill(0)
      sums.set(
        task,
        sum.map((count, i) => count + sign * (counted[i] as number)),
      )
    }
  }
}
