import type { ScheduleDeclaration } from '../wire/messages.ts'
import type { Connection, Statement } from './driver.ts'

export interface ScheduleRow {
  name: string
  spec: string
  misfire: ScheduleDeclaration['misfire']
  overlap: ScheduleDeclaration['overlap']
  job: string
  args: string | Uint8Array
  declared: number
  paused: number
  nextSlot: number | null
  lastSlot: number | null
  /** Latest slot that waits for the run before it to end. */
  queuedSlot: number | null
  error: string | null
}

export type SlotOutcome = 'fired' | 'missed' | 'skipped' | 'coalesced'

export interface LedgerRow {
  slot: number
  outcome: SlotOutcome
  jobId: string | null
}

const COLUMNS = `name, spec, misfire, overlap, job, args, declared, paused, next_slot AS nextSlot, last_slot AS lastSlot,
  queued_slot AS queuedSlot, error`

/** Schedules and the ledger of their slots. The caller holds the transaction. */
export class Schedules {
  readonly #all: Statement
  readonly #one: Statement
  readonly #due: Statement
  readonly #queued: Statement
  readonly #next: Statement
  readonly #upsert: Statement
  readonly #undeclare: Statement
  readonly #advance: Statement
  readonly #broken: Statement
  readonly #pause: Statement
  readonly #remove: Statement
  readonly #slot: Statement
  readonly #coalesce: Statement
  readonly #ledger: Statement
  readonly #unfinished: Statement

  constructor(db: Connection) {
    this.#all = db.prepare(`SELECT ${COLUMNS} FROM celeriac_schedules ORDER BY name`)
    this.#one = db.prepare(`SELECT ${COLUMNS} FROM celeriac_schedules WHERE name = ?`)
    this.#due = db.prepare(`SELECT ${COLUMNS} FROM celeriac_schedules
      WHERE next_slot IS NOT NULL AND paused = 0 AND next_slot <= ? ORDER BY next_slot LIMIT ? + 0`)
    this.#queued = db.prepare(`SELECT ${COLUMNS} FROM celeriac_schedules WHERE queued_slot IS NOT NULL AND paused = 0`)
    this.#next = db
      .prepare(
        'SELECT next_slot FROM celeriac_schedules WHERE next_slot IS NOT NULL AND paused = 0 ORDER BY next_slot LIMIT 1',
      )
      .pluck()
    this.#upsert =
      db.prepare(`INSERT INTO celeriac_schedules (name, spec, misfire, overlap, job, args, declared, declared_by, paused, next_slot, created_at)
      VALUES (@name, @spec, @misfire, @overlap, @job, @args, @declared, @app, @paused, @nextSlot, @now)
      ON CONFLICT (name) DO UPDATE SET spec = excluded.spec, misfire = excluded.misfire, overlap = excluded.overlap,
        job = excluded.job, args = excluded.args, declared = excluded.declared, declared_by = excluded.declared_by, next_slot = excluded.next_slot, error = NULL`)
    this.#undeclare = db.prepare(
      'UPDATE celeriac_schedules SET declared = 0, next_slot = NULL WHERE declared = 1 AND declared_by = ? AND name NOT IN (SELECT value FROM json_each(?))',
    )
    this.#advance = db.prepare(
      'UPDATE celeriac_schedules SET last_slot = @lastSlot, next_slot = @nextSlot, queued_slot = @queuedSlot WHERE name = @name',
    )
    this.#broken = db.prepare('UPDATE celeriac_schedules SET error = ?, next_slot = NULL WHERE name = ?')
    this.#pause = db.prepare('UPDATE celeriac_schedules SET paused = ?, next_slot = ? WHERE name = ?')
    this.#remove = db.prepare('DELETE FROM celeriac_schedules WHERE name = ?')
    this.#slot =
      db.prepare(`INSERT INTO celeriac_slots (schedule, slot, outcome, job_id, noted_at) VALUES (?, ?, ?, ?, ?)
      ON CONFLICT (schedule, slot) DO NOTHING`)
    this.#coalesce = db.prepare(
      "UPDATE celeriac_slots SET outcome = 'coalesced', job_id = ? WHERE schedule = ? AND slot = ?",
    )
    this.#ledger = db.prepare(`SELECT slot, outcome, job_id AS jobId FROM celeriac_slots
      WHERE schedule = ? AND slot >= ? AND slot < ? ORDER BY slot DESC LIMIT ? + 0`)
    this.#unfinished = db
      .prepare(`SELECT 1 FROM celeriac_jobs WHERE schedule = ?
        AND state IN ('SCHEDULED', 'PENDING', 'BLOCKED', 'STARTED', 'RETRY') LIMIT 1`)
      .pluck()
  }

  all(): ScheduleRow[] {
    return this.#all.all() as ScheduleRow[]
  }

  get(name: string): ScheduleRow | null {
    return (this.#one.get(name) as ScheduleRow | undefined) ?? null
  }

  due(now: number, limit: number): ScheduleRow[] {
    return this.#due.all(now, limit) as ScheduleRow[]
  }

  /** Schedules with a slot that waits for the run before it. */
  queued(): ScheduleRow[] {
    return this.#queued.all() as ScheduleRow[]
  }

  nextSlot(): number | null {
    return (this.#next.get() as number | undefined) ?? null
  }

  put(declaration: ScheduleDeclaration, app: string, declared: boolean, nextSlot: number | null, now: number): void {
    const { args, ...job } = declaration.job
    this.#upsert.run({
      name: declaration.name,
      spec: declaration.spec,
      misfire: declaration.misfire,
      overlap: declaration.overlap,
      job: JSON.stringify(job),
      args,
      declared: declared ? 1 : 0,
      app,
      paused: declaration.paused ? 1 : 0,
      nextSlot,
      now,
    })
  }

  /** Stops the schedules that the code of this app declared once and does not any more; their history stays. */
  keepDeclared(app: string, names: string[]): void {
    this.#undeclare.run(app, JSON.stringify(names))
  }

  advance(name: string, lastSlot: number | null, nextSlot: number | null, queuedSlot: number | null): void {
    this.#advance.run({ name, lastSlot, nextSlot, queuedSlot })
  }

  markBroken(name: string, error: string): void {
    this.#broken.run(error, name)
  }

  pause(name: string, paused: boolean, nextSlot: number | null): boolean {
    return this.#pause.run(paused ? 1 : 0, nextSlot, name).changes === 1
  }

  remove(name: string): boolean {
    return this.#remove.run(name).changes === 1
  }

  /** False when the slot has its row already, from this process or another: a slot is decided once. */
  note(schedule: string, slot: number, outcome: SlotOutcome, jobId: string | null, now: number): boolean {
    return this.#slot.run(schedule, slot, outcome, jobId, now).changes === 1
  }

  /** The slot's job was not stored, since a unique one stands for it. */
  coalesce(schedule: string, slot: number, jobId: string): void {
    this.#coalesce.run(jobId, schedule, slot)
  }

  ledger(name: string, from: number, to: number, limit: number): LedgerRow[] {
    return this.#ledger.all(name, from, to, limit) as LedgerRow[]
  }

  /** Whether a job of this schedule has not ended yet. */
  running(name: string): boolean {
    return this.#unfinished.get(name) !== undefined
  }
}
