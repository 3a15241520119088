import type { Connection, Statement } from './driver.ts'

/** `waiting` until the run before it has ended, every other one for good. */
export type SlotOutcome = 'fired' | 'missed' | 'skipped' | 'coalesced' | 'waiting'

export interface LedgerRow {
  slot: number
  outcome: SlotOutcome
  jobId: string | null
  /** The local time that the clocks skipped, as the epoch ms of a UTC clock showing it; null unless the slot was moved. */
  named: number | null
  /** Last slot that the row stands for; null when it is the first. */
  until: number | null
  /** How many slots the row stands for. */
  slots: number
}

/** The ledger of slots. A slot has one row, so it is decided once, whichever process comes first. The caller holds the transaction. */
export class Slots {
  readonly #slot: Statement
  readonly #range: Statement
  readonly #fire: Statement
  readonly #waiting: Statement
  readonly #decide: Statement
  readonly #repeat: Statement
  readonly #drop: Statement
  readonly #page: Statement
  readonly #before: Statement
  readonly #old: Statement
  readonly #prune: Statement

  constructor(db: Connection) {
    this.#slot =
      db.prepare(`INSERT INTO celeriac_slots (schedule, slot, outcome, job_id, named, noted_at) VALUES (?, ?, ?, ?, ?, ?)
      ON CONFLICT (schedule, slot) DO NOTHING`)
    this.#range =
      db.prepare(`INSERT INTO celeriac_slots (schedule, slot, outcome, until, slots, noted_at) VALUES (?, ?, ?, ?, ?, ?)
      ON CONFLICT (schedule, slot) DO NOTHING`)
    this.#fire = db.prepare(
      "UPDATE celeriac_slots SET outcome = 'fired', job_id = ?, noted_at = ? WHERE schedule = ? AND slot = ? AND outcome = 'waiting'",
    )
    this.#waiting = db
      .prepare("SELECT slot FROM celeriac_slots WHERE schedule = ? AND outcome = 'waiting' ORDER BY slot")
      .pluck()
    this.#decide = db.prepare(
      "UPDATE celeriac_slots SET outcome = ?, noted_at = ? WHERE schedule = ? AND slot = ? AND outcome = 'waiting'",
    )
    this.#repeat = db.prepare(
      "UPDATE celeriac_slots SET outcome = 'coalesced', job_id = ? WHERE schedule = ? AND slot = ?",
    )
    this.#drop = db.prepare(
      "UPDATE celeriac_slots SET outcome = 'missed', noted_at = ? WHERE schedule = ? AND outcome = 'waiting'",
    )
    const columns = 'slot, outcome, job_id AS jobId, named, until, slots'
    this.#page = db.prepare(`SELECT ${columns} FROM celeriac_slots
      WHERE schedule = ? AND slot >= ? AND slot < ? ORDER BY slot DESC LIMIT ? + 0`)
    this.#before = db.prepare(`SELECT ${columns} FROM celeriac_slots
      WHERE schedule = ? AND slot < ? ORDER BY slot DESC LIMIT 1`)
    this.#old = db
      .prepare(
        "SELECT 1 FROM celeriac_slots INDEXED BY celeriac_slots_age WHERE noted_at < ? AND outcome <> 'waiting' LIMIT 1",
      )
      .pluck()
    this.#prune = db.prepare(`DELETE FROM celeriac_slots WHERE (schedule, slot) IN (
        SELECT schedule, slot FROM celeriac_slots INDEXED BY celeriac_slots_age
        WHERE noted_at < ? AND outcome <> 'waiting' ORDER BY noted_at LIMIT ? + 0)`)
  }

  /** False when the slot has its row already, from this process or another. */
  note(
    schedule: string,
    slot: number,
    outcome: SlotOutcome,
    jobId: string | null,
    named: number | null,
    now: number,
  ): boolean {
    return this.#slot.run(schedule, slot, outcome, jobId, named, now).changes === 1
  }

  /** One row for many slots that came to the same. */
  noteRange(schedule: string, first: number, last: number, slots: number, outcome: SlotOutcome, now: number): void {
    this.#range.run(schedule, first, outcome, last, slots, now)
  }

  /** Slots of a schedule that wait for the run before them, oldest first. */
  waiting(schedule: string): number[] {
    return this.#waiting.all(schedule) as number[]
  }

  /** False when the slot does not wait any more. */
  fireWaiting(schedule: string, slot: number, jobId: string, now: number): boolean {
    return this.#fire.run(jobId, now, schedule, slot).changes === 1
  }

  coalesceWaiting(schedule: string, slot: number, now: number): boolean {
    return this.#decide.run('coalesced', now, schedule, slot).changes === 1
  }

  /** The slot's job was not stored, since a unique one stands for it. */
  coalesceInto(schedule: string, slot: number, jobId: string): void {
    this.#repeat.run(jobId, schedule, slot)
  }

  /** What waited will not come to anything: the schedule is gone. */
  dropWaiting(schedule: string, now: number): void {
    this.#drop.run(now, schedule)
  }

  /** Rows with slots in [from, to), the latest first. */
  ledger(schedule: string, from: number, to: number, limit: number): LedgerRow[] {
    const rows = this.#page.all(schedule, from, to, limit) as LedgerRow[]
    if (rows.length === limit) return rows
    const earlier = this.#before.get(schedule, from) as LedgerRow | undefined
    return earlier && (earlier.until ?? 0) >= from ? [...rows, earlier] : rows
  }

  /** Whether rows were written before `time`. */
  anyBefore(time: number): boolean {
    return this.#old.get(time) !== undefined
  }

  /** Deletes up to `limit` rows that were written before `time`; returns how many. */
  prune(time: number, limit: number): number {
    return this.#prune.run(time, limit).changes
  }
}
