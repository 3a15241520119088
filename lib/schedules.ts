import { nextSlot, type ScheduleRecord } from './domain/schedule-spec.ts'
import { UnknownSchedule } from './errors.ts'
import { integerOr, momentOr, nameOf, optionsOf } from './options/check.ts'
import { AsyncResult, type ResultSource } from './result.ts'
import type { ScheduleOptions } from './schedule-options.ts'
import { newJobId } from './wire/job-id.ts'
import type { ScheduleDeclaration } from './wire/messages.ts'

export interface ScheduleInfo {
  name: string
  spec: ScheduleRecord
  task: string
  misfire: 'once' | 'skip' | 'all'
  overlap: 'allow' | 'skip' | 'queueOne'
  paused: boolean
  /** Whether the running code declares it. */
  declared: boolean
  next: Date | null
  last: Date | null
  /** Why it does not fire, when its stored spec cannot be read. */
  error: string | null
}

export interface LedgerEntry {
  slot: Date
  outcome: 'fired' | 'missed' | 'skipped' | 'coalesced'
  /** Id of the job that the slot stored. */
  jobId: string | null
}

interface Row {
  name: string
  spec: string
  misfire: ScheduleInfo['misfire']
  overlap: ScheduleInfo['overlap']
  job: string
  declared: number
  paused: number
  nextSlot: number | null
  lastSlot: number | null
  error: string | null
}

/** The schedules in the file. */
export class Schedules {
  readonly #source: ResultSource
  readonly #declare: (name: string, options: ScheduleOptions) => ScheduleDeclaration
  readonly #declared: ReadonlyMap<string, ScheduleDeclaration>

  constructor(
    source: ResultSource,
    declare: (name: string, options: ScheduleOptions) => ScheduleDeclaration,
    declared: ReadonlyMap<string, ScheduleDeclaration>,
  ) {
    this.#source = source
    this.#declare = declare
    this.#declared = declared
  }

  async list(): Promise<ScheduleInfo[]> {
    return (await this.#source.requests().ask<Row[]>({ about: 'schedules' })).map(scheduleInfo)
  }

  async get(name: string): Promise<ScheduleInfo | null> {
    return (await this.list()).find((schedule) => schedule.name === name) ?? null
  }

  /** Stores a schedule, or changes one; never fires a slot of the past. */
  async set(name: string, options: ScheduleOptions): Promise<void> {
    await this.#source.requests().ask({ about: 'set-schedule', schedule: this.#declare(name, options) })
  }

  /** @throws UnknownSchedule */
  async pause(name: string): Promise<void> {
    await this.#source.requests().ask({ about: 'pause-schedule', name: nameOf(name, 'schedule name'), paused: true })
  }

  /** Goes on with the next slot from now. @throws UnknownSchedule */
  async resume(name: string): Promise<void> {
    await this.#source.requests().ask({ about: 'pause-schedule', name: nameOf(name, 'schedule name'), paused: false })
  }

  /** Runs the schedule's job now; its slots stay as they are. @throws UnknownSchedule */
  async trigger<R = unknown>(name: string): Promise<AsyncResult<R>> {
    const id = newJobId(Date.now())
    const question = { about: 'trigger-schedule', name: nameOf(name, 'schedule name'), id } as const
    const stored = await this.#source.requests().ask<string>(question)
    return new AsyncResult<R>(stored, this.#source, stored !== id)
  }

  /** False when there was none of this name. Its ledger stays. */
  async remove(name: string): Promise<boolean> {
    return this.#source.requests().ask<boolean>({ about: 'remove-schedule', name: nameOf(name, 'schedule name') })
  }

  /**
   * The next `n` slots, of a schedule by its name or of a spec that is stored nowhere.
   * @throws UnknownSchedule, InvalidSchedule
   */
  preview(nameOrOptions: string | ScheduleOptions, n: number): { at: Date; movedByDst: boolean }[] {
    const declaration =
      typeof nameOrOptions === 'string' ? this.#declared.get(nameOrOptions) : this.#declare('preview', nameOrOptions)
    if (!declaration)
      throw new UnknownSchedule(`no schedule "${String(nameOrOptions)}" is declared — declare it with app.schedule()`)
    integerOr(n, 'preview(): n', 0, 1, 10_000)
    const record = JSON.parse(declaration.spec) as ScheduleRecord
    const slots: { at: Date; movedByDst: boolean }[] = []
    let after = Date.now()
    while (slots.length < n) {
      const slot = nextSlot(record, declaration.name, after)
      if (!slot) break
      after = slot.at
      slots.push({ at: new Date(slot.at), movedByDst: slot.movedByDst })
    }
    return slots
  }

  /** What became of each slot, the latest first. */
  async ledger(name: string, options: { from?: Date; to?: Date; limit?: number } = {}): Promise<LedgerEntry[]> {
    const given = optionsOf(options, 'ledger()', ['from', 'to', 'limit'])
    const from = momentOr(given.from, 'ledger(): from', null)
    const to = momentOr(given.to, 'ledger(): to', null)
    const limit = integerOr(given.limit, 'ledger(): limit', 100, 1)
    const rows = await this.#source
      .requests()
      .ask<{ slot: number; outcome: LedgerEntry['outcome']; jobId: string | null }[]>({
        about: 'ledger',
        name: nameOf(name, 'schedule name'),
        from,
        to,
        limit,
      })
    return rows.map((row) => ({ ...row, slot: new Date(row.slot) }))
  }
}

function scheduleInfo(row: Row): ScheduleInfo {
  return {
    name: row.name,
    spec: JSON.parse(row.spec) as ScheduleRecord,
    task: (JSON.parse(row.job) as { task: string }).task,
    misfire: row.misfire,
    overlap: row.overlap,
    paused: row.paused === 1,
    declared: row.declared === 1,
    next: row.nextSlot === null ? null : new Date(row.nextSlot),
    last: row.lastSlot === null ? null : new Date(row.lastSlot),
    error: row.error === null ? null : (JSON.parse(row.error) as { message: string }).message,
  }
}
