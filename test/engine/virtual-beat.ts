/** Schedules on a clock that stands still until it is told otherwise: the engine's own code on a real file, no threads. */
import Database from 'better-sqlite3'
import { Signature } from 'celeriac'
import { Beat, type BeatEvents } from '../../lib/engine/beat.ts'
import { type ScheduleOptions, scheduleDeclaration } from '../../lib/schedule-options.ts'
import { Store } from '../../lib/store/store.ts'
import type { ScheduleDeclaration, StoredOptions } from '../../lib/wire/messages.ts'

export const SECOND = 1_000
export const MINUTE = 60_000
export const HOUR = 3_600_000
export const DAY = 24 * HOUR
/** Where the tests' time begins: midnight, UTC. */
export const T0 = Date.UTC(2026, 0, 1)

export type Spec = Omit<ScheduleOptions, 'run'>

export function declarationOf(name: string, spec: Spec, timezone = 'UTC'): ScheduleDeclaration {
  return scheduleDeclaration(name, { ...spec, run: new Signature('tick', [], {}, true) }, timezone, () => ({
    task: 'tick',
    queue: 'default',
    priority: 0,
    maxAttempts: 1,
    codec: 'json',
    options: null,
    args: '[]',
    expiresIn: null,
  }))
}

export class VirtualBeat {
  readonly store: Store
  readonly beat: Beat
  readonly told: string[] = []
  now: number
  /** Turns it took. */
  turns = 0

  constructor(path: string, now = T0, app = 'test') {
    this.store = new Store(path, 'normal')
    this.now = now
    const events: BeatEvents = {
      stored: () => {},
      fired: (schedule, slot) => this.told.push(`${schedule} fired ${slot}`),
      missed: (schedule, slot, outcome, slots) => this.told.push(`${schedule} ${outcome} ${slot} ${slots}`),
      revoked: (ended, running) => this.told.push(`revoked ${ended.length} ${running}`),
      broken: (schedule, error) => this.told.push(`${schedule} broken: ${(error as Error).message}`),
    }
    this.beat = new Beat(this.store, app, events)
    this.beat.run(true)
  }

  edit<T>(work: (beat: Beat) => T): T {
    return this.store.write(() => work(this.beat))
  }

  /** A start of the application with these schedules in its code. */
  declare(specs: Readonly<Record<string, Spec>>): void {
    const declarations = Object.entries(specs).map(([name, spec]) => declarationOf(name, spec))
    this.edit((beat) => {
      beat.declare(declarations, this.now)
      beat.keepDeclared(Object.keys(specs), this.now)
    })
    this.settle()
  }

  /** Sets the clock, and lets the beat do what it has to do. */
  at(time: number): this {
    this.now = time
    this.settle()
    return this
  }

  /** Lets the clock run as in a process that is up: the beat wakes for each slot. */
  runTo(time: number): this {
    for (let wake = this.beat.wakeAt(); wake !== null && wake <= time; wake = this.beat.wakeAt()) {
      this.at(Math.max(wake, this.now))
    }
    return this.at(time)
  }

  settle(): void {
    while (this.beat.pending(this.now)) {
      this.store.write(() => this.beat.write(this.now))
      this.beat.committed()()
      this.turns++
    }
  }

  /** Ids of a schedule's jobs, in the order of their slots; those of one state, if given. */
  jobs(schedule: string, state?: string): string[] {
    const ids = this.store.slots
      .ledger(schedule, 0, Number.MAX_SAFE_INTEGER, 100_000)
      .flatMap(({ jobId }) => jobId ?? [])
      .reverse()
    return state === undefined ? ids : ids.filter((id) => this.store.reads.state(id) === state)
  }

  /** As stored: readers are shown headers and tags only. */
  optionsOf(id: string): StoredOptions {
    const db = new Database(this.store.path, { readonly: true })
    const text = db.prepare('SELECT options FROM celeriac_jobs WHERE id = ?').pluck().get(id) as string | null
    db.close()
    return text === null ? {} : JSON.parse(text)
  }

  /** A worker takes the schedule's waiting job. */
  begin(schedule: string): string {
    const [id] = this.jobs(schedule, 'PENDING')
    const row = this.store.claims.page('default', 'tick', Number.MIN_SAFE_INTEGER, 0, 100_000).find((r) => r[3] === id)
    if (!id || !row) throw new Error(`no job of ${schedule} waits`)
    this.store.write(() => this.store.claims.start([{ seq: row[0], token: row[0], freesKey: false }], 1, this.now))
    return id
  }

  /** And ends it. */
  end(id: string): void {
    this.store.write(() => {
      for (const { seq, token, id: claimed } of this.store.processes.claimedBy(1)) {
        if (claimed === id)
          this.store.settlements.succeed(
            { seq, owner: 1, token, thread: 1, task: 'tick', queue: 'default' },
            this.now,
            this.now,
            null,
          )
      }
    })
    this.beat.recheck()
    this.settle()
  }

  /** What became of a schedule's slots, oldest first, as `3 fired` with the slot counted in `unit` since T0. */
  ledger(schedule: string, unit = HOUR): string[] {
    return this.store.slots
      .ledger(schedule, 0, Number.MAX_SAFE_INTEGER, 100_000)
      .map(({ slot, outcome, until, slots }) => {
        const range = until === null ? '' : `-${(until - T0) / unit} (${slots})`
        return `${(slot - T0) / unit}${range} ${outcome}`
      })
      .reverse()
  }

  next(schedule: string): number | null {
    return this.store.schedules.get(schedule)?.nextSlot ?? null
  }

  close(): void {
    this.store.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }
}
