/**
 * A second opinion on when a cron entry fires: every minute is looked at, with nothing but Intl and the rule below.
 * It shares no code with the library, neither does it use cron-parser or luxon.
 *
 * The rule. An entry whose hour field names hours only (no wildcard, step or range) fires once for each local time it
 * names: a time that the clocks skip fires at the first instant after the gap (several of one gap fire once), a time
 * shown twice fires when it is shown first. Any other entry fires at every instant whose local time it names, so in
 * both passes of a doubled hour, and never for a skipped time. Of the two day fields one match is enough when both are
 * restricted (neither `*` nor `?`); otherwise the restricted one decides.
 */
import assert from 'node:assert/strict'

export const MINUTE = 60_000
export const MINUTES_A_DAY = 1_440
export const DAY = 86_400_000

export interface Firing {
  readonly at: number
  readonly movedByDst: boolean
}

interface Entry {
  readonly fixedHours: boolean
  readonly seconds: readonly number[]
  /** By minute of the day. */
  readonly times: Uint8Array
  /** By day since the epoch of the local date. */
  matchesDate(day: number): boolean
}

export const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC']
export const WEEKDAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT']

/** The values a field names. */
export function expand(field: string, min: number, max: number, names: readonly string[] = []): Set<number> {
  const number = (text: string) => (names.includes(text) ? names.indexOf(text) + min : Number(text))
  const values = new Set<number>()
  for (const item of field.split(',')) {
    const [range = '', step] = item.split('/')
    const [from = '', to] = range.split('-')
    const first = range === '*' || range === '?' ? min : number(from)
    const last = range === '*' || range === '?' || (step !== undefined && to === undefined) ? max : number(to ?? from)
    for (let value = first; value <= last; value += Number(step ?? 1)) values.add(value)
  }
  return values
}

function readEntry(expression: string): Entry {
  const fields = expression.split(' ')
  if (fields.length === 5) fields.unshift('0')
  const [second, minute, hour, dayOfMonth, month, dayOfWeek] = fields as [
    string,
    string,
    string,
    string,
    string,
    string,
  ]
  const minutes = expand(minute, 0, 59)
  const hours = expand(hour, 0, 23)
  const months = expand(month, 1, 12, MONTHS)
  const monthDays = expand(dayOfMonth.replace(/\bL\b/, '99'), 1, 31)
  const anyMonthDay = dayOfMonth === '*' || dayOfMonth === '?'
  const anyWeekday = dayOfWeek === '*' || dayOfWeek === '?'

  const weekdayRules = dayOfWeek.split(',').map((item) => {
    const [days = '', nth] = item.split('#')
    const last = days.endsWith('L')
    const set = expand(last ? days.slice(0, -1) : days, 0, 7, WEEKDAYS)
    return { set: set.has(7) ? set.add(0) : set, nth: nth === undefined ? null : Number(nth), last }
  })
  const matchesWeekday = (weekday: number, day: number, lastDay: number) =>
    weekdayRules.some(
      ({ set, nth, last }) =>
        set.has(weekday) && (!last || day + 7 > lastDay) && (nth === null || Math.floor((day - 1) / 7) + 1 === nth),
    )

  const dates = new Map<number, boolean>()
  const dateMatches = (epochDay: number) => {
    const date = new Date(epochDay * DAY)
    if (!months.has(date.getUTCMonth() + 1)) return false
    const day = date.getUTCDate()
    const lastDay = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate()
    const byMonthDay = monthDays.has(day) || (monthDays.has(99) && day === lastDay)
    const byWeekday = matchesWeekday(date.getUTCDay(), day, lastDay)
    if (anyMonthDay) return anyWeekday || byWeekday
    return byMonthDay || (!anyWeekday && byWeekday)
  }

  const times = new Uint8Array(MINUTES_A_DAY)
  for (const h of hours) for (const m of minutes) times[h * 60 + m] = 1

  return {
    fixedHours: hour.split(',').every((item) => /^\d+$/.test(item)),
    seconds: [...expand(second, 0, 59)].sort((a, b) => a - b),
    times,
    matchesDate(epochDay) {
      let matches = dates.get(epochDay)
      if (matches === undefined) {
        matches = dateMatches(epochDay)
        dates.set(epochDay, matches)
      }
      return matches
    },
  }
}

/** What the clocks of one zone show: minutes since the epoch in local time, for each UTC minute of a day. */
class Clock {
  readonly #format: Intl.DateTimeFormat
  readonly #days = new Map<number, Int32Array>()

  constructor(zone: string) {
    this.#format = new Intl.DateTimeFormat('en-GB', {
      timeZone: zone,
      dateStyle: 'short',
      timeStyle: 'medium',
      hourCycle: 'h23',
    })
  }

  minuteShown(minute: number): number {
    // 08/03/2026, 07:59:00
    const text = this.#format.format(minute * MINUTE)
    const pair = (at: number) => text.charCodeAt(at) * 10 + text.charCodeAt(at + 1) - 528
    assert.ok(text.length === 20 && pair(18) === 0, `not a whole minute: ${text}`)
    return Date.UTC(pair(6) * 100 + pair(8), pair(3) - 1, pair(0), pair(12), pair(15)) / MINUTE
  }

  day(day: number): Int32Array {
    let table = this.#days.get(day)
    if (table === undefined) {
      table = this.#measure(day * MINUTES_A_DAY)
      if (this.#days.size > 40) this.#days.clear()
      this.#days.set(day, table)
    }
    return table
  }

  /** Asks every six hours, and in ever smaller parts where the clock did not run on evenly. */
  #measure(begin: number): Int32Array {
    const table = new Int32Array(MINUTES_A_DAY)
    const fill = (from: number, to: number, shown: number, later: number) => {
      if (later - shown === to - from || to - from === 1) {
        for (let i = from; i < to; i++) table[i] = shown + i - from
        return
      }
      const middle = (from + to) >> 1
      const between = this.minuteShown(begin + middle)
      fill(from, middle, shown, between)
      fill(middle, to, between, later)
    }
    let shown = this.minuteShown(begin)
    for (let i = 0; i < MINUTES_A_DAY; i += 360) {
      const later = this.minuteShown(begin + i + 360)
      fill(i, i + 360, shown, later)
      shown = later
    }
    return table
  }

  /** UTC minutes, 2015 to 2035, at which the clocks jumped, found by asking monthly and narrowing down. */
  changes(): readonly number[] {
    const found: number[] = []
    const ahead = (minute: number) => this.minuteShown(minute) - minute
    const step = 20 * MINUTES_A_DAY
    const end = Date.UTC(2036, 0, 1) / MINUTE
    const begin = Date.UTC(2015, 0, 1) / MINUTE
    let offset = ahead(begin)
    for (let from = begin; from < end; from += step) {
      let [before, after] = [from, from + step]
      const later = ahead(after)
      if (later === offset) continue
      while (after - before > 1) {
        const middle = Math.floor((before + after) / 2)
        if (ahead(middle) === offset) before = middle
        else after = middle
      }
      found.push(after)
      offset = later
    }
    return found
  }
}

const clocks = new Map<string, Clock>()

export function clockOf(zone: string): Clock {
  let clock = clocks.get(zone)
  if (clock === undefined) {
    clock = new Clock(zone)
    clocks.set(zone, clock)
  }
  return clock
}

/**
 * The first firing strictly after an instant, or null when there is none within `days`.
 *
 * @param after epoch milliseconds
 */
export function oracle(expression: string, zone: string, after: number, days = 3_700): Firing | null {
  const entry = readEntry(expression)
  const clock = clockOf(zone)
  const today = Math.floor(after / DAY)
  /** The latest local minute shown so far; null when the day before was not looked at. */
  let highest: number | null = null
  for (let day = today; day <= today + days; day++) {
    if (!entry.matchesDate(day - 1) && !entry.matchesDate(day) && !entry.matchesDate(day + 1)) {
      highest = null
      continue
    }
    const table = clock.day(day)
    // What was shown earlier matters to fixed hours only.
    if (entry.fixedHours) highest ??= clock.day(day - 1).reduce((a, b) => Math.max(a, b))
    const first = !entry.fixedHours && day === today ? Math.floor(after / MINUTE) - day * MINUTES_A_DAY : 0
    for (let i = first; i < MINUTES_A_DAY; i++) {
      const shown: number = table[i]!
      const at = (day * MINUTES_A_DAY + i) * MINUTE
      let missed = false
      if (highest !== null) {
        if (shown <= highest) continue // shown before: the second pass of an overlap
        for (let skipped = highest + 1; skipped < shown; skipped++) missed ||= names(entry, skipped)
        highest = shown
      }
      const named = names(entry, shown)
      if (at + MINUTE <= after || (!missed && !named)) continue
      const seconds = named ? entry.seconds : []
      const onTime = seconds.find((second) => at + second * 1_000 > after)
      if (missed && at > after && onTime !== 0) return { at, movedByDst: true }
      if (onTime !== undefined) return { at: at + onTime * 1_000, movedByDst: false }
    }
  }
  return null
}

function names(entry: Entry, shown: number): boolean {
  return entry.times[shown % MINUTES_A_DAY] === 1 && entry.matchesDate(Math.floor(shown / MINUTES_A_DAY))
}
