import { firingTime, nextOf, readRules, type Timing } from '../domain/schedule-rules.ts'
import { UnknownSchedule } from '../errors.ts'
import type { ScheduleEntry, ScheduleRow } from '../store/schedules.ts'
import type { Store } from '../store/store.ts'
import type { ScheduleDeclaration } from '../wire/messages.ts'
import { timingOf } from './firing.ts'

/**
 * Changes of schedules, each inside the transaction that is open. What the code declares is one thing, what is in force
 * another: a change at run time stays over restarts until it is reset. No change fires a slot of the past.
 */
export class ScheduleEdits {
  readonly #store: Store
  readonly #app: string

  /** @param app the app's name: what another app on the file declares is left alone */
  constructor(store: Store, app: string) {
    this.#store = store
    this.#app = app
  }

  /** What the code declares, at a start. */
  declare(declaration: ScheduleDeclaration, now: number): void {
    const { schedules } = this.#store
    const known = schedules.get(declaration.name)
    const text = writeDeclaration(declaration)
    const inForce = known !== null && known.declared === 1 && known.disabled === 0 && known.declaredBy === this.#app
    if (inForce && known.declaration === text && known.error === null) return
    if (known?.edited) {
      schedules.redeclare(known.name, this.#app, text)
      if (known.disabled) this.#aim(known, now)
      return
    }
    const stored = known?.declaration ?? null
    const before = stored === null ? null : unlessDamaged(() => readDeclaration(stored))
    const said = declaration.paused ?? false
    const paused = known === null || (before?.paused ?? false) !== said ? said : known.paused === 1
    this.#put(declaration, known, { declared: 1, declaration: text, edited: 0, paused }, now)
  }

  /** What is set at run time: it stays in force over restarts. */
  set(declaration: ScheduleDeclaration, now: number): void {
    const known = this.#store.schedules.get(declaration.name)
    const { declared, declaration: text } = known ?? { declared: 0, declaration: null }
    const paused = declaration.paused ?? known?.paused === 1
    const stillDeclared = declared === 1 && known?.disabled === 0 ? 1 : 0
    this.#put(declaration, known, { declared: stillDeclared, declaration: text, edited: 1, paused }, now)
  }

  /** Back to what the code declares; false when it declares nothing of this name. */
  reset(name: string, now: number): boolean {
    const known = this.known(name)
    if (known.declaration === null || known.declared === 0 || known.disabled === 1) return false
    const declaration = readDeclaration(known.declaration)
    const paused = declaration.paused ?? false
    this.#put(declaration, known, { declared: 1, declaration: known.declaration, edited: 0, paused }, now)
    return true
  }

  /** Stops what the code declared once and does not any more. */
  keepDeclared(names: readonly string[], now: number): void {
    const kept = new Set(names)
    for (const name of this.#store.schedules.declaredBy(this.#app)) {
      if (kept.has(name)) continue
      this.#store.slots.dropWaiting(name, now)
      this.#store.schedules.disable(name)
    }
  }

  /** Slots of the pause are not made up for. */
  pause(name: string, paused: boolean, now: number): void {
    const row = this.known(name)
    this.#store.schedules.pause(name, paused)
    if (!paused && row.disabled === 0) this.#aim(row, now)
  }

  remove(name: string, now: number): boolean {
    this.#store.slots.dropWaiting(name, now)
    return this.#store.schedules.remove(name)
  }

  /** Computes a schedule's next slot anew, from now. @throws InvalidSchedule */
  aim(row: ScheduleRow, now: number): void {
    this.#aim(row, now)
  }

  /** @throws UnknownSchedule */
  known(name: string): ScheduleRow {
    const row = this.#store.schedules.get(name)
    if (!row)
      throw new UnknownSchedule(
        `there is no schedule "${name}" in ${this.#store.path} — declare it with app.schedule() and start the app`,
      )
    return row
  }

  #aim(row: ScheduleRow, now: number): void {
    const timing = timingOf(row)
    const done = timing.rules.maxRuns !== null && row.runs >= timing.rules.maxRuns
    const next = done ? null : nextOf(timing, now)
    this.#store.schedules.aim(row.name, next?.at ?? null, next && firingTime(timing, next.at), now)
  }

  #put(
    declaration: ScheduleDeclaration,
    known: ScheduleRow | null,
    { paused, ...origin }: Pick<ScheduleEntry, 'declared' | 'declaration' | 'edited'> & { paused: boolean },
    now: number,
  ): void {
    const timing = timingOf(declaration)
    const kept = known !== null && known.error === null && known.disabled === 0 && sameTimes(known, declaration, timing)
    const runs = kept ? known.runs : 0
    const next = kept ? known.nextSlot : (nextOf(timing, firstAfter(known, timing, now))?.at ?? null)
    const { args, ...job } = declaration.job
    this.#store.schedules.put(
      {
        name: declaration.name,
        spec: declaration.spec,
        rules: declaration.rules,
        misfire: declaration.misfire,
        overlap: declaration.overlap,
        job: JSON.stringify(job),
        args,
        declaredBy: origin.edited && known ? known.declaredBy : this.#app,
        disabled: 0,
        paused: paused ? 1 : 0,
        nextSlot: next,
        fireAt: next === null ? null : firingTime(timing, next),
        runs,
        ...origin,
      },
      now,
    )
  }
}

/** A single time that has passed while nobody listened is still owed at the first declaration; all else starts from now. */
function firstAfter(known: ScheduleRow | null, { record }: Timing, now: number): number {
  if (record.kind !== 'at' || (known !== null && known.error === null)) return now
  return known === null || known.lastSlot === null ? record.time - 1 : now
}

/** Whether slots fall when they did, so that one that is owed stays owed. */
function sameTimes(known: ScheduleRow, declaration: ScheduleDeclaration, { rules }: Timing): boolean {
  if (known.spec !== declaration.spec) return false
  const before = unlessDamaged(() => readRules(known.name, known.rules))
  return before !== null && before.start === rules.start && before.end === rules.end && before.maxRuns === rules.maxRuns
}

/** Null for what somebody damaged: what is declared takes its place. */
function unlessDamaged<T>(read: () => T): T | null {
  try {
    return read()
  } catch {
    return null
  }
}

/** JSON has no bytes. */
function writeDeclaration({ job: { args, ...job }, ...declaration }: ScheduleDeclaration): string {
  const encoded = typeof args === 'string' ? args : { base64: Buffer.from(args).toString('base64') }
  return JSON.stringify({ ...declaration, job: { ...job, args: encoded } })
}

function readDeclaration(text: string): ScheduleDeclaration {
  const declaration = JSON.parse(text) as ScheduleDeclaration
  const { args } = declaration.job as { args: string | { base64: string } }
  return typeof args === 'string'
    ? declaration
    : { ...declaration, job: { ...declaration.job, args: new Uint8Array(Buffer.from(args.base64, 'base64')) } }
}
