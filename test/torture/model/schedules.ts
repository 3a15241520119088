/** What becomes of the slots of schedules, as the model knows it. */
import type { SlotOutcome } from '../../../lib/store/slots.ts'
import { waits } from './job.ts'
import type { Model } from './model.ts'
import { EVERY, MINUTE, MOST_CATCHUP, PROCESSES, SCHEDULES, type ScheduleSetting } from './setting.ts'

/** A clock that is set back by less is left to catch up. */
const SET_BACK = 1_000
/** Slots that are decided one by one; older ones are decided in one piece. */
const LISTED = 1_000
/** Slots decided in one turn, after which the other schedules wait for the next. */
const ENOUGH = 2_000

interface ModelSchedule extends ScheduleSetting {
  name: string
  next: number
  aimedAt: number
  waiting: number[]
  /** The first of them when they were last written: those of all schedules are released in this order. */
  queued: number
  paused: boolean
}

const slotAfter = (time: number): number => (Math.floor(time / EVERY) + 1) * EVERY

export class ModelSchedules {
  readonly #model: Model
  readonly #schedules: ModelSchedule[]
  readonly #latest: number[] = new Array<number>(PROCESSES).fill(Number.NEGATIVE_INFINITY)
  /** What became of each slot, by schedule and slot. */
  readonly ledger = new Map<string, SlotOutcome>()
  #decided = 0

  constructor(model: Model) {
    this.#model = model
    this.#schedules = Object.entries(SCHEDULES).map(([name, setting]) => ({
      ...setting,
      name,
      next: slotAfter(model.now),
      aimedAt: model.now,
      waiting: [],
      queued: 0,
      paused: false,
    }))
  }

  /** Slots of a pause are not made up for. */
  pause(name: string, paused: boolean): void {
    const { now } = this.#model
    const schedule = this.#schedules.find((one) => one.name === name) as ModelSchedule
    schedule.paused = paused
    if (paused) return
    schedule.next = slotAfter(now)
    schedule.aimedAt = now
  }

  begin(index: number): void {
    // A process that begins looks whether the clock was set back.
    this.#latest[index] = Number.POSITIVE_INFINITY
  }

  /** A process sees the time. */
  look(index: number): void {
    const { now } = this.#model
    const setBack = now < (this.#latest[index] as number) - SET_BACK
    this.#latest[index] = now
    if (setBack)
      for (const schedule of this.#schedules) {
        if (schedule.aimedAt <= now + SET_BACK) continue
        schedule.next = slotAfter(now)
        schedule.aimedAt = now
      }
    this.fire()
  }

  /** Fires what is due or has waited for long enough; false when there was nothing to do. */
  fire(): boolean {
    const { now } = this.#model
    let worked = false
    this.#decided = 0
    // The earliest slot first, which after a clock was set back need not be the first that came to wait.
    for (const { waiting } of this.#schedules) waiting.sort((a, b) => a - b)
    for (const schedule of [...this.#schedules].sort((a, b) => a.queued - b.queued)) {
      if (schedule.paused || schedule.waiting.length === 0 || this.#busy(schedule)) continue
      this.#run(schedule, schedule.waiting.shift() as number)
      this.#decided++
      this.#advanced(schedule)
      worked = true
    }
    const due = this.#schedules.filter(({ next, paused }) => !paused && next <= now).sort((a, b) => a.next - b.next)
    for (const schedule of due) {
      this.#decide(schedule)
      if (this.#decided >= ENOUGH) break
    }
    return worked || due.length > 0
  }

  #busy({ name }: ModelSchedule): boolean {
    return this.#model.unfinishedOf(name).length > 0
  }

  #decide(schedule: ModelSchedule): void {
    const { now } = this.#model
    const { misfire, next } = schedule
    const following = slotAfter(now)
    const slots: number[] = []
    for (let slot = next; slot < following; slot += EVERY) slots.push(slot)
    const old = slots.splice(0, Math.max(0, slots.length - LISTED))
    if (old.length > 0) {
      this.#note(schedule, old[0] as number, misfire === 'once' ? 'coalesced' : 'missed')
      this.#decided--
    }
    for (const [i, slot] of slots.entries()) {
      const left = slots.length - 1 - i
      if (misfire === 'once' && left > 0) this.#note(schedule, slot, 'coalesced')
      else if (misfire === 'skip' && (left > 0 || now - slot > MINUTE)) this.#note(schedule, slot, 'missed')
      else if (misfire === 'all' && left >= MOST_CATCHUP) this.#note(schedule, slot, 'missed')
      else this.#fireOrWait(schedule, slot)
    }
    schedule.next = following
    this.#advanced(schedule)
  }

  #advanced(schedule: ModelSchedule): void {
    schedule.aimedAt = this.#model.now
    schedule.queued = schedule.waiting[0] ?? 0
  }

  #fireOrWait(schedule: ModelSchedule, slot: number): void {
    const { overlap, waiting, misfire } = schedule
    const free = overlap === 'allow' || (waiting.length === 0 && !this.#busy(schedule))
    if (free || (overlap === 'cancelRunning' && this.#cancel(schedule))) {
      this.#decided++
      if (!this.#known(schedule, slot)) this.#run(schedule, slot)
    } else if (overlap === 'skip') this.#note(schedule, slot, 'skipped')
    else if (this.#note(schedule, slot, 'waiting')) {
      waiting.push(slot)
      this.#coalesce(schedule, misfire === 'all' && overlap === 'queueOne' ? MOST_CATCHUP : 1)
    }
  }

  #coalesce({ name, waiting }: ModelSchedule, most: number): void {
    while (waiting.length > most) this.ledger.set(`${name}@${waiting.shift()}`, 'coalesced')
  }

  /** Ends what waits, tells what runs to end; true when nothing is left. */
  #cancel(schedule: ModelSchedule): boolean {
    let left = false
    for (const job of this.#model.unfinishedOf(schedule.name)) {
      if (!waits(job)) left = true
      this.#model.revoke(job.key)
    }
    if (!left) this.#coalesce(schedule, 0)
    return !left
  }

  #run({ name, expiresIn }: ModelSchedule, slot: number): void {
    const key = `${name}@${slot}`
    this.ledger.set(key, 'fired')
    const batch = { keys: [key], task: 'tick', queue: 'a', priority: 0, delay: null, maxAttempts: 1 }
    this.#model.store(
      { ...batch, expires: expiresIn, parent: null, unique: null, place: null, meter: null },
      key,
      null,
      name,
    )
  }

  #known({ name }: ModelSchedule, slot: number): boolean {
    return this.ledger.has(`${name}@${slot}`)
  }

  /** False when the slot was decided before. */
  #note(schedule: ModelSchedule, slot: number, outcome: SlotOutcome): boolean {
    this.#decided++
    if (this.#known(schedule, slot)) return false
    this.ledger.set(`${schedule.name}@${slot}`, outcome)
    return true
  }
}
