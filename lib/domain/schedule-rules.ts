import { InvalidSchedule } from '../errors.ts'
import { countSlots, latestSlot, nextSlot, type ScheduleRecord, type Slot, slotAt } from './schedule-spec.ts'
import { showValue } from './shown-value.ts'

/** What narrows a schedule's slots, and what becomes of those nobody was there for. Times are epoch ms, lengths ms. */
export interface ScheduleRules {
  /** A missed slot older than this does not run, whatever the policy; null for no limit. */
  readonly catchupWindow: number | null
  /** Most missed slots that `misfire: 'all'` runs. */
  readonly maxCatchup: number
  /** A slot fires up to this much after its nominal time. */
  readonly jitter: number
  /** No slot before; null for none. */
  readonly start: number | null
  /** No slot after; null for none. */
  readonly end: number | null
  /** Slots after which the schedule has done its work; null for no limit. */
  readonly maxRuns: number | null
}

export const DEFAULT_RULES: ScheduleRules = Object.freeze({
  catchupWindow: null,
  maxCatchup: 100,
  jitter: 0,
  start: null,
  end: null,
  maxRuns: null,
})

/** A schedule's times: its spec and what narrows it. */
export interface Timing {
  readonly name: string
  readonly record: ScheduleRecord
  readonly rules: ScheduleRules
}

/** What differs from the default, as JSON; null when nothing does. */
export function writeRules(rules: ScheduleRules): string | null {
  const own = Object.entries(rules).filter(([key, value]) => value !== DEFAULT_RULES[key as keyof ScheduleRules])
  return own.length === 0 ? null : JSON.stringify(Object.fromEntries(own))
}

/**
 * The rules in a file, which anyone may have written.
 * @throws {InvalidSchedule}
 */
export function readRules(name: string, text: string | null): ScheduleRules {
  if (text === null) return DEFAULT_RULES
  const own = rulesIn(text)
  if (own === null) throw new InvalidSchedule(`Schedule ${showValue(name)}: the stored rules are ${showValue(text)}`)
  for (const [key, value] of Object.entries(own)) {
    if (key in DEFAULT_RULES && Number.isSafeInteger(value)) continue
    throw new InvalidSchedule(`Schedule ${showValue(name)}: the stored rule ${showValue(key)} is ${showValue(value)}`)
  }
  return { ...DEFAULT_RULES, ...own }
}

function rulesIn(text: string): object | null {
  try {
    const rules: unknown = JSON.parse(text)
    return typeof rules === 'object' ? rules : null
  } catch {
    return null
  }
}

/** The first slot strictly after an instant that the rules allow. @throws {InvalidSchedule} when the spec cannot be read */
export function nextOf({ name, record, rules }: Timing, after: number): Slot | null {
  const slot = nextSlot(record, name, rules.start === null ? after : Math.max(after, rules.start - 1))
  return slot === null || (rules.end !== null && slot.at > rules.end) ? null : slot
}

/** When a slot fires: its nominal time and a delay that depends on schedule and slot alone, so that all processes agree on it. */
export function firingTime({ name, rules }: Pick<Timing, 'name' | 'rules'>, slot: number): number {
  return rules.jitter === 0 ? slot : slot + Math.floor(share(`${name}\n${slot}`) * (rules.jitter + 1))
}

/** A number in [0, 1) spread evenly over texts (FNV-1a, finished as in MurmurHash3). */
function share(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32
}

/** Slots that are due: the latest one by one, and what lies before them in one piece when they are too many. */
export interface DueSlots {
  readonly bulk: { readonly first: number; readonly last: number; readonly slots: number } | null
  /** Oldest first. */
  readonly listed: readonly Slot[]
  /** The first slot after them. */
  readonly next: Slot | null
}

/** Most slots listed one by one after a downtime, unless `maxCatchup` asks for more. */
const LISTED = 1_000

const most = ({ rules }: Timing): number => Math.max(LISTED, rules.maxCatchup)

/**
 * The slots from `first` (a slot itself) that are due at `now`, in bounded time: a year of `* * * * * *` has 31 million.
 * A slot whose jitter is not over is not due, nor is any after it.
 */
export function dueSlots(timing: Timing, first: number, now: number): DueSlots {
  const { name, record, rules } = timing
  const until = rules.end === null ? now : Math.min(now, rules.end)
  const second = nextOf(timing, first)
  // By far the most common case: a process that is up, and one slot.
  if (second === null || second.at > until) {
    const due = first <= until && firingTime(timing, first) <= now
    return { bulk: null, listed: due ? [slotAt(record, name, first)] : [], next: second }
  }
  const total = countSlots(record, name, first, until) + 1
  if (total <= most(timing)) return { bulk: null, ...dueAmong(timing, slotAt(record, name, first), until, now) }
  // The latest of them, as far as the jitter leaves no doubt about those before them.
  let low = first
  let high = until - rules.jitter
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (countSlots(record, name, middle, until) > most(timing)) low = middle
    else high = middle
  }
  const last = latestSlot(record, name, first - 1, high)?.at ?? first
  const bulk = { first, last, slots: countSlots(record, name, first, last) + 1 }
  return { bulk, ...dueAmong(timing, nextOf(timing, last), until, now) }
}

/** From a slot on, those that are due, and the one that comes then. */
function dueAmong(timing: Timing, first: Slot | null, until: number, now: number): Omit<DueSlots, 'bulk'> {
  const listed: Slot[] = []
  let next = first
  while (next !== null && next.at <= until && listed.length < most(timing)) {
    if (firingTime(timing, next.at) > now) break
    listed.push(next)
    next = nextOf(timing, next.at)
  }
  return { listed, next }
}

export type Misfire = 'once' | 'skip' | 'all'

/** A slot later than this counts as missed, in ms (Quartz's misfire threshold). */
export const MISFIRE_AFTER = 60_000

/**
 * Which of the due slots fire. The others are `coalesced` when one run stands for them, `missed` when none does.
 * The answer for slots in bulk is that for `listed[-1]`: the same as for any slot before the list.
 */
export function misfirePlan(
  timing: Timing,
  misfire: Misfire,
  listed: readonly Slot[],
  now: number,
): (index: number) => 'fire' | 'coalesced' | 'missed' {
  const { rules } = timing
  const oldest = rules.catchupWindow === null ? Number.NEGATIVE_INFINITY : now - rules.catchupWindow
  const lastIndex = listed.length - 1
  const last = listed[lastIndex]
  const stale = (slot: Slot | undefined): boolean => slot === undefined || firingTime(timing, slot.at) < oldest
  return (index) => {
    const slot = listed[index]
    if (misfire === 'once') {
      if (stale(last)) return 'missed'
      return index === lastIndex ? 'fire' : 'coalesced'
    }
    if (slot === undefined || stale(slot)) return 'missed'
    if (misfire === 'all') return lastIndex - index < rules.maxCatchup ? 'fire' : 'missed'
    return index === lastIndex && now - firingTime(timing, slot.at) <= MISFIRE_AFTER ? 'fire' : 'missed'
  }
}
