import { latestSlot, nextSlot, type ScheduleRecord } from '../domain/schedule-spec.ts'

/** Most slots listed after a downtime; of older ones only the latest matters. */
const LISTED = 1_000

/**
 * The slots from `first` up to `now`, oldest first, `first` included. After a downtime with more than a thousand of them
 * only the latest is given, in bounded time: a year of `* * * * * *` has 31 million.
 */
export function expectedSlots(record: ScheduleRecord, name: string, first: number, now: number): number[] {
  const slots = [first]
  while (slots.length < LISTED) {
    const next = nextSlot(record, name, slots.at(-1) as number)?.at
    if (next === undefined || next > now) return slots
    slots.push(next)
  }
  return [latestSlot(record, name, first, now)?.at ?? first]
}
