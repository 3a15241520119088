import type { CronRule } from './cron.ts'
import { LAST_INSTANT, type TimeZone } from './time-zone.ts'

const SECOND = 1_000
const DAY = 86_400_000
// Gaps in a row that swallow every match before a rule counts as one that never fires: two decades of yearly ones.
const MOST_GAPS = 20

/** A time at which a schedule fires. */
export interface Slot {
  /** Epoch milliseconds. */
  readonly at: number
  /** Whether the time it names was skipped by the clocks that day, so that it fires at the first instant after. */
  readonly movedByDst: boolean
  /** The skipped local time that a moved slot names, as the epoch milliseconds of a UTC clock showing it. */
  readonly named?: number
}

/**
 * The first slot of a rule strictly after an instant, in a zone whose clocks may jump:
 *
 * - Fixed hours (`30 2 * * *`): once for each local time it names. A time in a gap moves to the first instant after the
 *   gap, where several become one; of a doubled time the first counts.
 * - Wildcard, range or step in the hour field: real elapsed time. It fires at every instant whose local time matches:
 *   in both passes of a doubled hour, and not at all for a time that does not exist.
 *
 * @param after epoch milliseconds; instants before 1970 count as 1970
 * @returns null when it never fires again: beyond the year 9998, or when the clocks skip each of its times
 */
export function nextCronSlot(rule: CronRule, zone: TimeZone, after: number): Slot | null {
  const from = Math.max(Math.floor(after), -1)
  if (from >= LAST_INSTANT) return null
  const slot = rule.fixedHours ? nextFixed(rule, zone, from) : nextElapsed(rule, zone, from)
  return slot !== null && slot.at < LAST_INSTANT ? slot : null
}

/**
 * How many slots lie in (after, until], by the same rule. Takes a step for each day that matches, so the 31 million slots
 * of a year of `* * * * * *` are counted in milliseconds.
 */
export function countCronSlots(rule: CronRule, zone: TimeZone, after: number, until: number): number {
  const end = Math.min(until, LAST_INSTANT - 1)
  const begin = Math.max(Math.floor(after), -1)
  let total = 0
  // Wall times up to here are counted, or over.
  let passed = rule.fixedHours ? highestShown(zone, begin) : wholeSecond(begin + zone.offsetAt(begin))
  let offset = zone.offsetAt(begin)
  for (let from = begin; from <= end; ) {
    const change = zone.nextChange(from, end)
    const last = wholeSecond((change === null ? end : change - 1) + offset)
    if (last > passed) {
      total += rule.count(passed, last)
      passed = last
    }
    if (change === null) break
    offset = zone.offsetAt(change)
    const before = change + offset - SECOND
    if (!rule.fixedHours) {
      passed = before
    } else if (before > passed) {
      // What a gap skips becomes one slot after it, unless there is one of its own.
      if (rule.next(passed) <= before && rule.next(before) !== change + offset) total++
      passed = before
    }
    from = change
  }
  return total
}

/** The highest wall time shown up to an instant: what is named up to there is over, even where the clocks were set back since. */
function highestShown(zone: TimeZone, instant: number): number {
  let shown = wholeSecond(instant + zone.offsetAt(instant))
  for (let from = instant - 2 * DAY, change = zone.nextChange(from, instant); change !== null; ) {
    shown = Math.max(shown, change + zone.offsetAt(from) - SECOND)
    from = change
    change = zone.nextChange(from, instant)
  }
  return shown
}

function nextFixed(rule: CronRule, zone: TimeZone, after: number): Slot {
  const shown = highestShown(zone, after)
  const wall = rule.next(shown)
  const { at, inGap } = zone.instantOf(wall)
  if (!inGap) return { at, movedByDst: false }
  const shownThen = at + zone.offsetAt(at)
  return rule.next(shownThen - SECOND) === shownThen ? { at, movedByDst: false } : { at, movedByDst: true, named: wall }
}

function nextElapsed(rule: CronRule, zone: TimeZone, after: number): Slot | null {
  let gaps = 0
  let from = after
  let offset = zone.offsetAt(from)
  let passed = wholeSecond(from + offset)
  let wall = rule.next(passed)
  // No match lies between `passed` and `wall`, so only a change of clocks near either of them matters.
  for (;;) {
    const at = wall - offset
    const near = Math.min(at, from + 2 * DAY)
    const change = zone.nextChange(from, near)
    if (change !== null) {
      offset = zone.offsetAt(change)
      const shown = change + offset
      if (shown <= passed || shown > wall) {
        if (shown > wall && ++gaps > MOST_GAPS) return null
        passed = shown - SECOND // the change itself may match
        wall = rule.next(passed)
      }
      from = change
    } else if (near === at) {
      return { at, movedByDst: false }
    } else {
      from = Math.max(near, wall - 2 * DAY)
      offset = zone.offsetAt(from)
    }
  }
}

function wholeSecond(wall: number): number {
  return Math.floor(wall / SECOND) * SECOND
}
