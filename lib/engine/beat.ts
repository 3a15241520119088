import { CeleriacError, InvalidSchedule } from '../errors.ts'
import { isUnfit, sqliteCode } from '../store/sqlite-errors.ts'
import type { Store } from '../store/store.ts'
import { toWireError } from '../wire/error-codec.ts'
import type { ScheduleDeclaration } from '../wire/messages.ts'
import type { Telling } from './disk-sync.ts'
import { Firing, type FiringEvents } from './firing.ts'
import { ScheduleEdits } from './schedule-edits.ts'
import { SetBack } from './set-back.ts'
import type { Participant } from './turn.ts'

/** Schedules fired in one turn, at most. */
const SWEEP = 1_000
/** Ledger rows after which a turn leaves the other schedules to the next one, so that nobody waits long for the writer. */
const ENOUGH_ROWS = 2_000
/** A wall clock that is set back by less is left to catch up, in ms. */
const SET_BACK = 1_000

export type BeatEvents = FiringEvents & {
  /** After the commit: a schedule that cannot be read was set aside. */
  broken(schedule: string, error: unknown): void
}

/**
 * Turns schedules into jobs. One transaction writes the slot's row, the job and the next slot, and the slot's row is
 * unique: a slot fires at most once, whichever process of the file comes first, and no leader is needed.
 */
export class Beat implements Participant {
  readonly promises = 'now'
  readonly #store: Store
  readonly #firing: Firing
  readonly #edits: ScheduleEdits
  readonly #events: BeatEvents
  #on = false
  #next: number | null = null
  #stale = true
  #recheckQueued = false
  /** Whether some slot may wait for a run to end. */
  #anyQueued = true
  readonly #setBack = new SetBack(SET_BACK)
  #broken: { name: string; error: unknown }[] = []

  /** @param app the app's name: what another app on the file declares is left alone */
  constructor(store: Store, app: string, events: BeatEvents) {
    this.#store = store
    this.#firing = new Firing(store, events)
    this.#edits = new ScheduleEdits(store, app)
    this.#events = events
  }

  get on(): boolean {
    return this.#on
  }

  run(on: boolean): void {
    this.#on = on
    if (on) this.#setBack.suspect()
    else this.#setBack.settled()
    this.refresh()
  }

  /** Schedules may have changed. */
  refresh(): void {
    this.#stale = true
    this.#anyQueued = true
    this.#recheckQueued = true
  }

  /** Something was written, so a job may have ended that a slot waits for. */
  recheck(): void {
    this.#recheckQueued = this.#anyQueued
  }

  /** Epoch ms of the next firing, or null. */
  wakeAt(): number | null {
    if (!this.#on) return null
    if (this.#stale) {
      this.#next = this.#store.schedules.nextFiring()
      this.#stale = false
    }
    return this.#next
  }

  pending(now: number): boolean {
    if (!this.#on) return false
    this.#setBack.look(now)
    if (this.#setBack.noticed) return true
    const wake = this.wakeAt()
    if (wake !== null && wake <= now) return true
    if (!this.#recheckQueued) return false
    const queued = this.#store.schedules.queued()
    this.#anyQueued = queued.length > 0
    const free = queued.some((row) => !this.#store.schedules.running(row.name))
    // Asked twice in a turn: only a no may be remembered.
    if (!free) this.#recheckQueued = false
    return free
  }

  write(now: number): void {
    this.#firing.begin()
    this.#broken = []
    if (this.#setBack.noticed) {
      for (const row of this.#store.schedules.aimedAfter(now + SET_BACK))
        this.#guarded(row.name, now, () => this.#edits.aim(row, now))
    }
    // What waits goes before what becomes due.
    for (const row of this.#store.schedules.queued()) {
      if (this.#store.schedules.running(row.name)) continue
      this.#guarded(row.name, now, () => this.#firing.release(row, now))
    }
    for (const row of this.#store.schedules.due(now, SWEEP)) {
      this.#guarded(row.name, now, () => this.#firing.due(row, now))
      if (this.#firing.written >= ENOUGH_ROWS) return
    }
  }

  committed(): Telling {
    this.refresh()
    this.#setBack.settled()
    const noted = this.#firing.takeNoted()
    const broken = this.#broken
    this.#broken = []
    return () => {
      for (const tell of noted) tell()
      for (const { name, error } of broken) this.#events.broken(name, error)
    }
  }

  failed(): void {
    this.#firing.begin()
    this.#broken = []
    this.refresh()
  }

  /** Inside a transaction: stores what the code declares. */
  declare(declarations: readonly ScheduleDeclaration[], now: number): void {
    for (const declaration of declarations) this.#edits.declare(declaration, now)
    this.refresh()
  }

  /** Inside a transaction: stores or changes a schedule at run time. */
  set(declaration: ScheduleDeclaration, now: number): void {
    this.#legibly(declaration.name, () => this.#edits.set(declaration, now))
    this.refresh()
  }

  /** Inside a transaction: back to what the code declares; false when it declares none of this name. */
  reset(name: string, now: number): boolean {
    this.refresh()
    return this.#legibly(name, () => this.#edits.reset(name, now))
  }

  /** Inside a transaction: stops what the code does not declare any more. */
  keepDeclared(names: readonly string[], now: number): void {
    this.#edits.keepDeclared(names, now)
    this.refresh()
  }

  /** Inside a transaction. */
  pause(name: string, paused: boolean, now: number): void {
    this.#legibly(name, () => this.#edits.pause(name, paused, now))
    this.refresh()
  }

  /** Inside a transaction: false when there was none of this name. */
  remove(name: string, now: number): boolean {
    this.refresh()
    return this.#edits.remove(name, now)
  }

  /** Inside a transaction: runs a schedule's job now, beside its slots; returns its id, or that of the unique job it would repeat. */
  trigger(name: string, id: string, now: number): string {
    return this.#legibly(name, () => this.#firing.trigger(this.#edits.known(name), id, now))
  }

  /** What somebody damaged refuses its own change only. @throws InvalidSchedule */
  #legibly<T>(name: string, work: () => T): T {
    try {
      return this.#store.attempt(work)
    } catch (error) {
      if (error instanceof CeleriacError || sqliteCode(error) !== null) throw error
      throw new InvalidSchedule(
        `schedule "${name}" cannot be read: ${String(error)} — its row was changed from outside: set it anew, or remove it and start the app`,
        { cause: error },
      )
    }
  }

  /** One broken schedule must not stop the others: what it wrote is undone, and it is set aside with the reason. */
  #guarded(name: string, now: number, work: () => void): void {
    const { told } = this.#firing
    try {
      this.#store.attempt(work)
    } catch (error) {
      if (sqliteCode(error) !== null && !isUnfit(error)) throw error
      this.#firing.takeBack(told)
      this.#store.slots.dropWaiting(name, now)
      this.#store.schedules.markBroken(name, JSON.stringify(toWireError(error)), now)
      this.#broken.push({ name, error })
    }
  }
}
