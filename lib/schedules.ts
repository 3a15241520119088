import { DEFAULT_RULES, nextOf, readRules, type Timing } from './domain/schedule-rules.ts'
import { restoreSchedule, type ScheduleRecord } from './domain/schedule-spec.ts'
import { UnknownSchedule } from './errors.ts'
import { integerOr, momentOr, nameOf, optionsOf } from './options/check.ts'
import { AsyncResult, type ResultSource } from './result.ts'
import type { ScheduleOptions } from './schedule-options.ts'
import { newJobId } from './wire/job-id.ts'
import type { ScheduleDeclaration } from './wire/messages.ts'

export interface ScheduleInfo {
  name: string
  /** Null when what is stored cannot be read; `error` says why. */
  spec: ScheduleRecord | null
  task: string
  misfire: 'once' | 'skip' | 'all'
  overlap: 'allow' | 'skip' | 'queueOne' | 'cancelRunning'
  /** Milliseconds, or null for no limit. */
  catchupWindow: number | null
  maxCatchup: number
  /** Milliseconds. */
  jitter: number
  start: Date | null
  end: Date | null
  maxRuns: number | null
  paused: boolean
  /** Whether the running code declares it. */
  declared: boolean
  /** Whether `set()` changed or made it, so that a declaration waits for `reset()`. */
  edited: boolean
  /** Whether it was declared once and is not any more: it does not fire. */
  disabled: boolean
  /** Nominal time of the next slot. */
  next: Date | null
  last: Date | null
  /** Oldest slot that waits for the run before it to end. */
  waiting: Date | null
  /** Slots that fired since the schedule has had its present times. */
  runs: number
  /** Slots that did not fire since the last that did. */
  missed: number
  /** Nominal time of the latest slot whose job succeeded. */
  lastSuccess: Date | null
  /** Why it does not fire: what is stored cannot be read. */
  error: string | null
}

export interface LedgerEntry {
  /** Nominal time. */
  slot: Date
  /** `waiting` for the run before it to end, the others for good. */
  outcome: 'fired' | 'missed' | 'skipped' | 'coalesced' | 'waiting'
  /** Id of the job that the slot stored. */
  jobId: string | null
  /** The local time that the clocks skipped, such as `'2026-03-29T02:30:00'`, when the slot was moved behind it. */
  movedFrom: string | null
  /** Last slot that the entry stands for; null when it is the first. */
  until: Date | null
  /** How many slots the entry stands for: more than one only for those beyond the latest thousand after a downtime. */
  slots: number
}

/** A slot to come. */
export interface PreviewedSlot {
  at: Date
  movedByDst: boolean
  /** The local time that the clocks skip, when the slot is moved behind it. */
  movedFrom?: string
}

interface Row {
  name: string
  spec: string
  rules: string | null
  misfire: ScheduleInfo['misfire']
  overlap: ScheduleInfo['overlap']
  job: string
  declared: number
  edited: number
  disabled: number
  paused: number
  nextSlot: number | null
  lastSlot: number | null
  queuedSlot: number | null
  runs: number
  missed: number
  lastSuccess: number | null
  error: string | null
}

interface StoredSlot {
  slot: number
  outcome: LedgerEntry['outcome']
  jobId: string | null
  named: number | null
  until: number | null
  slots: number
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
    const row = await this.#source
      .requests()
      .ask<Row | null>({ about: 'schedule', name: nameOf(name, 'schedule name') })
    return row && scheduleInfo(row)
  }

  /**
   * Stores a schedule, or changes one; never fires a slot of the past. What it sets stays in force over restarts, whatever
   * the code declares, until `reset()`.
   * @throws InvalidSchedule, InvalidOption
   */
  async set(name: string, options: ScheduleOptions): Promise<void> {
    await this.#source.requests().ask({ about: 'set-schedule', schedule: this.#declare(name, options) })
  }

  /** Goes back to what the code declares; false when it declares none of this name. @throws UnknownSchedule */
  async reset(name: string): Promise<boolean> {
    return this.#source.requests().ask<boolean>({ about: 'reset-schedule', name: nameOf(name, 'schedule name') })
  }

  /** Slots of the pause are not made up for. @throws UnknownSchedule */
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

  /** False when there was none of this name. Its ledger stays; one that the code declares comes back at the next start. */
  async remove(name: string): Promise<boolean> {
    return this.#source.requests().ask<boolean>({ about: 'remove-schedule', name: nameOf(name, 'schedule name') })
  }

  /**
   * The next `n` slots, of a schedule by its name or of a spec that is stored nowhere.
   * @throws UnknownSchedule, InvalidSchedule
   */
  preview(nameOrOptions: string | ScheduleOptions, n: number): PreviewedSlot[] {
    const declaration =
      typeof nameOrOptions === 'string' ? this.#declared.get(nameOrOptions) : this.#declare('preview', nameOrOptions)
    if (!declaration)
      throw new UnknownSchedule(`no schedule "${String(nameOrOptions)}" is declared — declare it with app.schedule()`)
    integerOr(n, 'preview(): n', 0, 1, 10_000)
    const { name, rules } = declaration
    const timing: Timing = { name, record: JSON.parse(declaration.spec), rules: readRules(name, rules) }
    const slots: PreviewedSlot[] = []
    let after = Date.now()
    const most = Math.min(n, timing.rules.maxRuns ?? n)
    while (slots.length < most) {
      const slot = nextOf(timing, after)
      if (!slot) break
      const { at, movedByDst, named } = slot
      after = at
      slots.push({ at: new Date(at), movedByDst, ...(named !== undefined && { movedFrom: localText(named) }) })
    }
    return slots
  }

  /** What became of each slot in [from, to), the latest first; at most `limit` entries, default 100. */
  async ledger(name: string, options: { from?: Date; to?: Date; limit?: number } = {}): Promise<LedgerEntry[]> {
    const given = optionsOf(options, 'ledger()', ['from', 'to', 'limit'])
    const from = momentOr(given.from, 'ledger(): from', null)
    const to = momentOr(given.to, 'ledger(): to', null)
    const limit = integerOr(given.limit, 'ledger(): limit', 100, 1)
    const rows = await this.#source.requests().ask<StoredSlot[]>({
      about: 'ledger',
      name: nameOf(name, 'schedule name'),
      from,
      to,
      limit,
    })
    return rows.map(({ slot, outcome, jobId, named, until, slots }) => ({
      slot: new Date(slot),
      outcome,
      jobId,
      movedFrom: named === null ? null : localText(named),
      until: dateOf(until),
      slots,
    }))
  }
}

function scheduleInfo(row: Row): ScheduleInfo {
  const { name, misfire, overlap, runs, missed } = row
  let spec: ScheduleRecord | null = null
  let rules = DEFAULT_RULES
  let task = ''
  let error = row.error === null ? null : (JSON.parse(row.error) as { message: string }).message
  try {
    task = (JSON.parse(row.job) as { task: string }).task
    spec = restoreSchedule(name, JSON.parse(row.spec)).record
    rules = readRules(name, row.rules)
  } catch (broken) {
    error ??= broken instanceof Error ? broken.message : String(broken)
  }
  const { start, end, ...others } = rules
  return {
    name,
    spec,
    task,
    misfire,
    overlap,
    ...others,
    start: dateOf(start),
    end: dateOf(end),
    paused: row.paused === 1,
    declared: row.declared === 1 && row.disabled === 0,
    edited: row.edited === 1,
    disabled: row.disabled === 1,
    next: dateOf(row.nextSlot),
    last: dateOf(row.lastSlot),
    waiting: dateOf(row.queuedSlot),
    runs,
    missed,
    lastSuccess: dateOf(row.lastSuccess),
    error,
  }
}

const dateOf = (time: number | null): Date | null => (time === null ? null : new Date(time))

/** A local time without a zone. */
const localText = (wall: number): string => new Date(wall).toISOString().slice(0, 19)
