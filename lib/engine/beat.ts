import { nextSlot, type ScheduleRecord } from '../domain/schedule-spec.ts'
import { UnknownSchedule } from '../errors.ts'
import type { ScheduleRow } from '../store/schedules.ts'
import type { Store } from '../store/store.ts'
import { toWireError } from '../wire/error-codec.ts'
import { newJobId } from '../wire/job-id.ts'
import type { EnqueueBatch, ScheduleDeclaration, ScheduledJob } from '../wire/messages.ts'
import { expectedSlots } from './expected-slots.ts'
import type { Participant } from './turn.ts'

/** Schedules fired in one turn, at most. */
const SWEEP = 1_000
/** A slot later than this counts as missed, in ms (Quartz's misfire threshold). */
const MISFIRE_AFTER = 60_000
/** Most missed slots that `misfire: 'all'` runs. */
const MAX_CATCHUP = 100

export interface BeatEvents {
  /** A due job was stored in this line, in the transaction that is open. */
  stored(queue: string, task: string): void
  fired(schedule: string, slot: number, id: string): void
  missed(schedule: string, slot: number): void
}

interface Fired {
  schedule: string
  slot: number
  id: string | null
}

/**
 * Turns schedules into jobs. One transaction writes the slot's row, the job and the next slot, and the slot's row is
 * unique: a slot fires at most once, whichever process of the file comes first, and no leader is needed.
 */
export class Beat implements Participant {
  readonly promises = true
  readonly #store: Store
  readonly #app: string
  readonly #events: BeatEvents
  #on = false
  #next: number | null = null
  #stale = true
  #recheckQueued = false
  #noted: Fired[] = []

  /** @param app the app's name: what another app on the file declares is left alone */
  constructor(store: Store, app: string, events: BeatEvents) {
    this.#store = store
    this.#app = app
    this.#events = events
  }

  get on(): boolean {
    return this.#on
  }

  run(on: boolean): void {
    this.#on = on
    this.refresh()
  }

  /** Schedules may have changed. */
  refresh(): void {
    this.#stale = true
    this.#recheckQueued = true
  }

  /** A job ended, so a slot that waited for it may go. */
  jobEnded(): void {
    this.#recheckQueued = true
  }

  /** Epoch ms of the next slot, or null. */
  wakeAt(): number | null {
    if (!this.#on) return null
    if (this.#stale) {
      this.#next = this.#store.schedules.nextSlot()
      this.#stale = false
    }
    return this.#next
  }

  pending(now: number): boolean {
    if (!this.#on) return false
    const wake = this.wakeAt()
    if (wake !== null && wake <= now) return true
    if (!this.#recheckQueued) return false
    const free = this.#store.schedules.queued().some((row) => !this.#store.schedules.running(row.name))
    // Asked twice in a turn: only a no may be remembered.
    if (!free) this.#recheckQueued = false
    return free
  }

  write(now: number): void {
    this.#noted = []
    for (const row of this.#store.schedules.due(now, SWEEP)) {
      try {
        this.#fireDue(row, now)
      } catch (error) {
        // One broken schedule must not stop the others: it is marked, with the reason, and left out.
        if (String((error as { code?: unknown }).code).startsWith('SQLITE_')) throw error
        this.#store.schedules.markBroken(row.name, JSON.stringify(toWireError(error)))
      }
    }
    for (const row of this.#store.schedules.queued()) {
      if (row.queuedSlot === null || this.#store.schedules.running(row.name)) continue
      this.#fire(row, row.queuedSlot, now)
      this.#store.schedules.advance(row.name, row.lastSlot, row.nextSlot, null)
    }
  }

  committed(): void {
    this.#stale = true
    for (const { schedule, slot, id } of this.#noted) {
      if (id === null) this.#events.missed(schedule, slot)
      else this.#events.fired(schedule, slot, id)
    }
    this.#noted = []
  }

  failed(): void {
    this.#noted = []
    this.refresh()
  }

  /** Inside a transaction: stores or changes a schedule. A change never fires a slot of the past. */
  put(declaration: ScheduleDeclaration, declared: boolean, now: number): void {
    const known = this.#store.schedules.get(declaration.name)
    const record = JSON.parse(declaration.spec) as ScheduleRecord
    const unchanged =
      known !== null && known.spec === declaration.spec && known.error === null && known.nextSlot !== null
    const next = unchanged
      ? known.nextSlot
      : this.#slotAfter(record, declaration.name, this.#resumeFrom(known, declaration, now))
    this.#store.schedules.put(declaration, this.#app, declared, next, now)
    this.refresh()
  }

  /** Inside a transaction: stops what the code does not declare any more. */
  keepDeclared(names: string[]): void {
    this.#store.schedules.keepDeclared(this.#app, names)
    this.refresh()
  }

  /** Inside a transaction. */
  pause(name: string, paused: boolean, now: number): void {
    const row = this.#known(name)
    const next = this.#slotAfter(JSON.parse(row.spec) as ScheduleRecord, name, now)
    this.#store.schedules.pause(name, paused, next)
    this.refresh()
  }

  /** Inside a transaction: runs a schedule's job now, beside its slots; returns its id, or that of the unique job it would repeat. */
  trigger(name: string, id: string, now: number): string {
    const row = this.#known(name)
    const job = this.#job(row)
    const slot = { schedule: name, scheduledFor: now }
    const [duplicate] = this.#store.inserts.insert(this.#batch(job, id, now), now, slot).duplicates
    this.#events.stored(job.queue, job.task)
    return duplicate?.[1] ?? id
  }

  #known(name: string): ScheduleRow {
    const row = this.#store.schedules.get(name)
    if (!row)
      throw new UnknownSchedule(
        `there is no schedule "${name}" in ${this.#store.path} — declare it with app.schedule() and start the app`,
      )
    return row
  }

  /** A one-off whose time has passed while nobody listened is still owed; anything recurring starts from now. */
  #resumeFrom(known: ScheduleRow | null, declaration: ScheduleDeclaration, now: number): number {
    const record = JSON.parse(declaration.spec) as ScheduleRecord
    if (record.kind !== 'at') return now
    return known?.spec === declaration.spec && known.lastSlot !== null ? known.lastSlot : record.time - 1
  }

  #fireDue(row: ScheduleRow, now: number): void {
    const record = JSON.parse(row.spec) as ScheduleRecord
    const slots = expectedSlots(record, row.name, row.nextSlot as number, now)
    const latest = slots.at(-1) as number
    const fire = new Set<number>()
    if (row.misfire === 'all') for (const slot of slots.slice(-MAX_CATCHUP)) fire.add(slot)
    else if (row.misfire === 'once' || now - latest <= MISFIRE_AFTER) fire.add(latest)

    let queued = row.queuedSlot
    for (const slot of slots) {
      if (!fire.has(slot)) this.#note(row.name, slot, row.misfire === 'once' ? 'coalesced' : 'missed', now)
      else if (row.overlap === 'allow' || !this.#store.schedules.running(row.name)) this.#fire(row, slot, now)
      else if (row.overlap === 'skip') this.#note(row.name, slot, 'skipped', now)
      else {
        if (queued !== null) this.#note(row.name, queued, 'coalesced', now)
        queued = slot
      }
    }
    this.#store.schedules.advance(row.name, latest, this.#slotAfter(record, row.name, Math.max(latest, now)), queued)
  }

  #fire(row: ScheduleRow, slot: number, now: number): void {
    const id = newJobId(now)
    if (!this.#store.schedules.note(row.name, slot, 'fired', id, now)) return
    const job = this.#job(row)
    const where = { schedule: row.name, scheduledFor: slot }
    const [duplicate] = this.#store.inserts.insert(this.#batch(job, id, now), now, where).duplicates
    this.#events.stored(job.queue, job.task)
    if (duplicate) this.#store.schedules.coalesce(row.name, slot, duplicate[1])
    else this.#noted.push({ schedule: row.name, slot, id })
  }

  #note(name: string, slot: number, outcome: 'missed' | 'skipped' | 'coalesced', now: number): void {
    if (this.#store.schedules.note(name, slot, outcome, null, now)) this.#noted.push({ schedule: name, slot, id: null })
  }

  #slotAfter(record: ScheduleRecord, name: string, after: number): number | null {
    return nextSlot(record, name, after)?.at ?? null
  }

  #job(row: ScheduleRow): ScheduledJob {
    return { ...(JSON.parse(row.job) as Omit<ScheduledJob, 'args'>), args: row.args }
  }

  #batch({ expiresIn, args, ...job }: ScheduledJob, id: string, now: number): EnqueueBatch {
    return {
      ...job,
      runAt: null,
      expiresAt: expiresIn === null ? null : now + expiresIn,
      parentId: null,
      rootId: null,
      chosen: false,
      ids: [id],
      args: [args],
    }
  }
}
