import { readWireError } from '../wire/error-codec.ts'
import type { ScheduleDeclaration } from '../wire/messages.ts'
import type { Connection, Statement } from './driver.ts'
import { UNFINISHED } from './jobs/state-terms.ts'

export interface ScheduleRow {
  name: string
  spec: string
  /** JSON of what differs from the default rules, or null. */
  rules: string | null
  misfire: ScheduleDeclaration['misfire']
  overlap: ScheduleDeclaration['overlap']
  job: string
  args: string | Uint8Array
  declared: number
  declaredBy: string
  /** What the code declares, while something else may be in force. */
  declaration: string | null
  edited: number
  disabled: number
  paused: number
  /** Nominal time of the next slot. */
  nextSlot: number | null
  /** When it fires: the same, plus its jitter. */
  fireAt: number | null
  lastSlot: number | null
  /** Oldest slot that waits for the run before it to end. */
  queuedSlot: number | null
  /** Slots that fired since the schedule has had its present times. */
  runs: number
  /** Slots that did not fire since the last that did. */
  missed: number
  /** Latest slot whose job succeeded. */
  lastSuccess: number | null
  error: string | null
}

/** What a firing leaves behind. */
export type ScheduleProgress = Pick<
  ScheduleRow,
  'name' | 'lastSlot' | 'nextSlot' | 'fireAt' | 'queuedSlot' | 'runs' | 'missed'
>

/** What is stored of a schedule when it is declared or changed. */
export type ScheduleEntry = Omit<ScheduleRow, 'lastSlot' | 'queuedSlot' | 'missed' | 'lastSuccess' | 'error'>

const COLUMNS = `name, spec, rules, misfire, overlap, job, args, declared, declared_by AS declaredBy, declaration, edited,
  disabled, paused, next_slot AS nextSlot, fire_at AS fireAt, last_slot AS lastSlot, queued_slot AS queuedSlot, runs, missed,
  last_success AS lastSuccess, error`

/** Schedules. The caller holds the transaction. */
export class Schedules {
  readonly #all: Statement
  readonly #one: Statement
  readonly #due: Statement
  readonly #queued: Statement
  readonly #next: Statement
  readonly #declaredBy: Statement
  readonly #aimedAhead: Statement
  readonly #upsert: Statement
  readonly #redeclare: Statement
  readonly #disable: Statement
  readonly #advance: Statement
  readonly #aim: Statement
  readonly #broken: Statement
  readonly #pause: Statement
  readonly #remove: Statement
  readonly #unfinished: Statement
  readonly #running: Statement

  constructor(db: Connection) {
    this.#all = db.prepare(`SELECT ${COLUMNS} FROM celeriac_schedules ORDER BY name`)
    this.#one = db.prepare(`SELECT ${COLUMNS} FROM celeriac_schedules WHERE name = ?`)
    this.#due = db.prepare(`SELECT ${COLUMNS} FROM celeriac_schedules
      WHERE fire_at IS NOT NULL AND paused = 0 AND fire_at <= ? ORDER BY fire_at LIMIT ? + 0`)
    this.#queued = db.prepare(`SELECT ${COLUMNS} FROM celeriac_schedules INDEXED BY celeriac_schedules_queued
      WHERE queued_slot IS NOT NULL AND paused = 0 AND disabled = 0`)
    this.#next = db
      .prepare(
        'SELECT fire_at FROM celeriac_schedules WHERE fire_at IS NOT NULL AND paused = 0 ORDER BY fire_at LIMIT 1',
      )
      .pluck()
    this.#declaredBy = db
      .prepare('SELECT name FROM celeriac_schedules WHERE declared = 1 AND disabled = 0 AND declared_by = ?')
      .pluck()
    this.#aimedAhead = db.prepare(`SELECT ${COLUMNS} FROM celeriac_schedules WHERE aimed_at > ? AND disabled = 0`)
    this.#upsert =
      db.prepare(`INSERT INTO celeriac_schedules (name, spec, rules, misfire, overlap, job, args, declared, declared_by, declaration,
        edited, disabled, paused, next_slot, fire_at, runs, aimed_at, created_at)
      VALUES (@name, @spec, @rules, @misfire, @overlap, @job, @args, @declared, @declaredBy, @declaration,
        @edited, @disabled, @paused, @nextSlot, @fireAt, @runs, @now, @now)
      ON CONFLICT (name) DO UPDATE SET spec = excluded.spec, rules = excluded.rules, misfire = excluded.misfire,
        overlap = excluded.overlap, job = excluded.job, args = excluded.args, declared = excluded.declared,
        declared_by = excluded.declared_by, declaration = excluded.declaration, edited = excluded.edited,
        disabled = excluded.disabled, paused = excluded.paused, next_slot = excluded.next_slot, fire_at = excluded.fire_at,
        runs = excluded.runs, aimed_at = excluded.aimed_at, error = NULL`)
    this.#redeclare = db.prepare(
      'UPDATE celeriac_schedules SET declared = 1, declared_by = ?, declaration = ?, disabled = 0 WHERE name = ?',
    )
    this.#disable = db.prepare(
      'UPDATE celeriac_schedules SET disabled = 1, next_slot = NULL, fire_at = NULL, queued_slot = NULL WHERE name = ?',
    )
    this.#advance =
      db.prepare(`UPDATE celeriac_schedules SET last_slot = @lastSlot, next_slot = @nextSlot, fire_at = @fireAt,
        queued_slot = @queuedSlot, runs = @runs, missed = @missed, aimed_at = @now WHERE name = @name`)
    this.#aim = db.prepare(
      'UPDATE celeriac_schedules SET next_slot = ?, fire_at = ?, error = NULL, aimed_at = ? WHERE name = ?',
    )
    this.#broken = db.prepare(
      'UPDATE celeriac_schedules SET error = ?, next_slot = NULL, fire_at = NULL, queued_slot = NULL, aimed_at = ? WHERE name = ?',
    )
    this.#pause = db.prepare('UPDATE celeriac_schedules SET paused = ? WHERE name = ?')
    this.#remove = db.prepare('DELETE FROM celeriac_schedules WHERE name = ?')
    this.#unfinished = db
      .prepare(`SELECT id FROM celeriac_jobs INDEXED BY celeriac_jobs_schedule
        WHERE schedule IS NOT NULL AND schedule = ? AND ${UNFINISHED}`)
      .pluck()
    this.#running = db
      .prepare(`SELECT 1 FROM celeriac_jobs INDEXED BY celeriac_jobs_schedule
        WHERE schedule IS NOT NULL AND schedule = ? AND ${UNFINISHED} LIMIT 1`)
      .pluck()
  }

  all(): ScheduleRow[] {
    return (this.#all.all() as ScheduleRow[]).map(legible)
  }

  get(name: string): ScheduleRow | null {
    const row = this.#one.get(name) as ScheduleRow | undefined
    return row ? legible(row) : null
  }

  due(now: number, limit: number): ScheduleRow[] {
    return this.#due.all(now, limit) as ScheduleRow[]
  }

  /** Schedules with a slot that waits for the run before it. */
  queued(): ScheduleRow[] {
    return this.#queued.all() as ScheduleRow[]
  }

  /** When the next schedule fires. */
  nextFiring(): number | null {
    return (this.#next.get() as number | undefined) ?? null
  }

  /** Names of what an app's code declares. */
  declaredBy(app: string): string[] {
    return this.#declaredBy.all(app) as string[]
  }

  /** Schedules whose next slot was computed at a time that lies ahead of this one. */
  aimedAfter(time: number): ScheduleRow[] {
    return this.#aimedAhead.all(time) as ScheduleRow[]
  }

  put(entry: ScheduleEntry, now: number): void {
    this.#upsert.run({ ...entry, now })
  }

  /** The code declares it, but something else stays in force. */
  redeclare(name: string, app: string, declaration: string): void {
    this.#redeclare.run(app, declaration, name)
  }

  /** Stops what the code declared once and does not any more; its history stays. */
  disable(name: string): void {
    this.#disable.run(name)
  }

  advance(progress: ScheduleProgress, now: number): void {
    this.#advance.run({ ...progress, now })
  }

  aim(name: string, nextSlot: number | null, fireAt: number | null, now: number): void {
    this.#aim.run(nextSlot, fireAt, now, name)
  }

  markBroken(name: string, error: string, now: number): void {
    this.#broken.run(error, now, name)
  }

  pause(name: string, paused: boolean): void {
    this.#pause.run(paused ? 1 : 0, name)
  }

  remove(name: string): boolean {
    return this.#remove.run(name).changes === 1
  }

  /** Ids of this schedule's jobs that have not ended yet. */
  unfinished(name: string): string[] {
    return this.#unfinished.all(name) as string[]
  }

  /** Whether a job of this schedule has not ended yet. */
  running(name: string): boolean {
    return this.#running.get(name) !== undefined
  }
}

/** With an error that whoever shows it can read. */
function legible(row: ScheduleRow): ScheduleRow {
  return row.error === null ? row : { ...row, error: JSON.stringify(readWireError(row.error)) }
}
