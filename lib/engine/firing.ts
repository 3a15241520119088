import { dueSlots, firingTime, misfirePlan, readRules, type Timing } from '../domain/schedule-rules.ts'
import { restoreSchedule, type Slot } from '../domain/schedule-spec.ts'
import type { RevokedJob } from '../store/jobs/revoke.ts'
import type { ScheduleRow } from '../store/schedules.ts'
import type { Store } from '../store/store.ts'
import { newJobId } from '../wire/job-id.ts'
import type { EnqueueBatch, ScheduledJob, StoredOptions } from '../wire/messages.ts'
import { readJson } from '../wire/stored-json.ts'

export interface FiringEvents {
  /** A due job was stored in this line, in the transaction that is open. */
  stored(queue: string, task: string): void
  /** After the commit. */
  fired(schedule: string, slot: number, id: string): void
  /** After the commit: slots from this one on that did not fire. */
  missed(schedule: string, slot: number, outcome: 'missed' | 'skipped' | 'coalesced', slots: number): void
  /** After the commit: jobs ended without running, to make room for others or because they found none; `running` when some that run were told to end. */
  revoked(ended: readonly RevokedJob[], running: boolean): void
}

/** Reads what a row says about time. @throws InvalidSchedule */
export function timingOf(row: Pick<ScheduleRow, 'name' | 'spec' | 'rules'>): Timing {
  const { record } = restoreSchedule(row.name, readJson(row.spec))
  return { name: row.name, record, rules: readRules(row.name, row.rules) }
}

/** One schedule while its slots are decided. */
interface Course {
  row: ScheduleRow
  job: ScheduledJob
  now: number
  waiting: number[]
  runs: number
  missed: number
  /** Whether a run of this schedule has not ended; null while nobody has asked. */
  busy: boolean | null
}

/** Writes what becomes of slots: row, job and the schedule's next slot, all in the transaction that is open. */
export class Firing {
  readonly #store: Store
  readonly #events: FiringEvents
  #noted: (() => void)[] = []
  #written = 0

  constructor(store: Store, events: FiringEvents) {
    this.#store = store
    this.#events = events
  }

  /** Ledger rows written since `begin()`. */
  get written(): number {
    return this.#written
  }

  begin(): void {
    this.#noted = []
    this.#written = 0
  }

  /** How much there is to tell, to be taken back to when a schedule turns out broken. */
  get told(): number {
    return this.#noted.length
  }

  takeBack(told: number): void {
    this.#noted.length = told
  }

  /** After the commit: what is to be told of it. */
  takeNoted(): readonly (() => void)[] {
    const noted = this.#noted
    this.#noted = []
    return noted
  }

  /** Decides a schedule's due slots. @throws InvalidSchedule */
  due(row: ScheduleRow, now: number): void {
    const timing = timingOf(row)
    const course = this.#course(row, now)
    const { bulk, listed, next } = dueSlots(timing, row.nextSlot as number, now)
    const verdict = misfirePlan(timing, row.misfire, listed, now)
    let last = row.nextSlot as number
    if (bulk) {
      const outcome = verdict(-1) === 'coalesced' ? 'coalesced' : 'missed'
      this.#store.slots.noteRange(row.name, bulk.first, bulk.last, bulk.slots, outcome, now)
      this.#tellMissed(course, bulk.first, outcome, bulk.slots)
      last = bulk.last
    }
    let exhausted = false
    for (const [index, slot] of listed.entries()) {
      exhausted = isExhausted(timing, course)
      if (exhausted) break
      last = slot.at
      const decided = verdict(index)
      if (decided === 'fire') this.#fireOrWait(course, slot)
      else if (this.#note(course, slot, decided)) this.#tellMissed(course, slot.at, decided, 1)
    }
    const following = exhausted || isExhausted(timing, course) ? null : next
    this.#advance(course, last, following?.at ?? null, following && firingTime(timing, following.at))
  }

  /** Fires what waited for the run before it. @throws InvalidSchedule */
  release(row: ScheduleRow, now: number): void {
    const course = this.#course(row, now)
    while (course.waiting.length > 0 && !this.#busy(course)) {
      const slot = course.waiting.shift() as number
      const id = newJobId(now)
      if (!this.#store.slots.fireWaiting(row.name, slot, id, now)) continue
      this.#written++
      this.#storeRun(course, slot, id)
    }
    this.#advance(course, row.lastSlot, row.nextSlot, row.fireAt)
  }

  /** Stores a schedule's job beside its slots; returns its id, or that of the unique job it would repeat. */
  trigger(row: ScheduleRow, id: string, now: number): string {
    return this.#insert(row, jobOf(row), id, now, now, 0) ?? id
  }

  #course(row: ScheduleRow, now: number): Course {
    const waiting = row.queuedSlot === null ? [] : this.#store.slots.waiting(row.name)
    return { row, job: jobOf(row), now, waiting, runs: row.runs, missed: row.missed, busy: null }
  }

  #busy(course: Course): boolean {
    course.busy ??= this.#store.schedules.running(course.row.name)
    return course.busy
  }

  #fireOrWait(course: Course, slot: Slot): void {
    const { overlap } = course.row
    const free = overlap === 'allow' || (course.waiting.length === 0 && !this.#busy(course))
    if (free || (overlap === 'cancelRunning' && this.#cancelRunning(course))) this.#fire(course, slot)
    else if (overlap === 'skip') {
      if (this.#note(course, slot, 'skipped')) this.#tellMissed(course, slot.at, 'skipped', 1)
    } else if (this.#note(course, slot, 'waiting')) {
      course.waiting.push(slot.at)
      const { row } = course
      this.#coalesce(
        course,
        row.misfire === 'all' && overlap === 'queueOne' ? readRules(row.name, row.rules).maxCatchup : 1,
      )
    }
  }

  /** Only so many may wait: the later ones stand for the oldest of more. */
  #coalesce(course: Course, most: number): void {
    const { row, waiting, now } = course
    while (waiting.length > most) {
      const slot = waiting.shift() as number
      if (this.#store.slots.coalesceWaiting(row.name, slot, now)) this.#tellMissed(course, slot, 'coalesced', 1)
    }
  }

  /** Ends the schedule's runs; true when none is left, so that the slot need not wait. */
  #cancelRunning(course: Course): boolean {
    const { row, now } = course
    const ended: RevokedJob[] = []
    let left = false
    for (const id of this.#store.schedules.unfinished(row.name)) {
      const revoked = this.#store.revocations.revoke(id, true, `schedule "${row.name}" fired again`, now)
      ended.push(...revoked.ended)
      if (revoked.state === 'STARTED') left = true
    }
    this.#noted.push(() => this.#events.revoked(ended, left))
    course.busy = left
    if (!left) this.#coalesce(course, 0)
    return !left
  }

  #fire(course: Course, slot: Slot): void {
    const id = newJobId(course.now)
    if (this.#note(course, slot, 'fired', id)) this.#storeRun(course, slot.at, id)
  }

  #storeRun(course: Course, slot: number, id: string): void {
    const { row, job, now } = course
    const existing = this.#insert(row, job, id, slot, now, course.missed)
    course.busy = null
    if (existing !== null) {
      this.#store.slots.coalesceInto(row.name, slot, existing)
      this.#tellMissed(course, slot, 'coalesced', 1)
      return
    }
    course.runs++
    course.missed = 0
    this.#noted.push(() => this.#events.fired(row.name, slot, id))
  }

  /** Returns the id of the unique job that stands for it, if it was not stored. */
  #insert(row: ScheduleRow, job: ScheduledJob, id: string, slot: number, now: number, missed: number): string | null {
    const batch = batchOf(job, id, now, optionsOf(job.options, missed, row.lastSuccess))
    const { duplicates, ended } = this.#store.inserts.insert(batch, now, { schedule: row.name, scheduledFor: slot })
    this.#events.stored(job.queue, job.task)
    if (ended.length > 0) this.#noted.push(() => this.#events.revoked(ended, false))
    return duplicates[0]?.[1] ?? null
  }

  /** False when the slot was decided before. */
  #note(
    { row, now }: Course,
    slot: Slot,
    outcome: 'fired' | 'missed' | 'skipped' | 'coalesced' | 'waiting',
    id: string | null = null,
  ): boolean {
    this.#written++
    return this.#store.slots.note(row.name, slot.at, outcome, id, slot.named ?? null, now)
  }

  #tellMissed(course: Course, slot: number, outcome: 'missed' | 'skipped' | 'coalesced', slots: number): void {
    course.missed += slots
    this.#noted.push(() => this.#events.missed(course.row.name, slot, outcome, slots))
  }

  #advance(course: Course, lastSlot: number | null, nextSlot: number | null, fireAt: number | null): void {
    const { row, runs, missed, waiting, now } = course
    const queuedSlot = waiting[0] ?? null
    this.#store.schedules.advance({ name: row.name, lastSlot, nextSlot, fireAt, queuedSlot, runs, missed }, now)
  }
}

/** What waits will run, so it counts. */
function isExhausted({ rules }: Timing, { runs, waiting }: Course): boolean {
  return rules.maxRuns !== null && runs + waiting.length >= rules.maxRuns
}

function jobOf(row: ScheduleRow): ScheduledJob {
  return { ...(JSON.parse(row.job) as Omit<ScheduledJob, 'args'>), args: row.args }
}

function optionsOf(options: string | null, missed: number, lastSuccess: number | null): string | null {
  if (missed === 0 && lastSuccess === null) return options
  const stored = options === null ? {} : (JSON.parse(options) as StoredOptions)
  if (missed > 0) stored.missed = missed
  if (lastSuccess !== null) stored.lastSuccess = lastSuccess
  return JSON.stringify(stored)
}

function batchOf(
  { expiresIn, args, ...job }: ScheduledJob,
  id: string,
  now: number,
  options: string | null,
): EnqueueBatch {
  return {
    ...job,
    options,
    runAt: null,
    expiresAt: expiresIn === null ? null : now + expiresIn,
    parentId: null,
    rootId: null,
    chosen: false,
    ids: [id],
    args: [args],
  }
}
