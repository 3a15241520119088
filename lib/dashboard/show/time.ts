import { type Html, html } from '../html.ts'

/** How long ago, or how long until: one figure and its unit. */
export function ago(time: Date, now: number): string {
  const distance = now - time.getTime()
  // Whole seconds: a figure that changes each second needs no tenths.
  const text = duration(Math.floor(Math.abs(distance) / 1_000) * 1_000)
  if (Math.abs(distance) < 1_000) return 'now'
  return distance > 0 ? `${text} ago` : `in ${text}`
}

const UNITS: readonly [name: string, milliseconds: number][] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
]

/** A length of time for people: `3 ms`, `1.24 s`, `2 min 5 s`, `3 d 4 h`. */
export function duration(milliseconds: number): string {
  if (milliseconds < 1) return '< 1 ms'
  if (milliseconds < 1_000) return `${Math.round(milliseconds)} ms`
  if (milliseconds < 10_000) return `${Number((milliseconds / 1_000).toFixed(2))} s`
  if (milliseconds < 60_000) return `${Number((milliseconds / 1_000).toFixed(1))} s`
  for (const [i, [name, size]] of UNITS.entries()) {
    if (milliseconds < size) continue
    const whole = Math.floor(milliseconds / size)
    const next = UNITS[i + 1]
    const rest = next ? Math.floor((milliseconds - whole * size) / next[1]) : 0
    return rest > 0 && next ? `${whole} ${name} ${rest} ${next[0]}` : `${whole} ${name}`
  }
  return `${Math.round(milliseconds / 1_000)} s`
}

/** Relative, with the exact time on hover; the browser keeps it up to date. */
export function moment(time: Date | null, now: number): Html {
  if (time === null) return html`<span class="quiet">–</span>`
  const iso = time.toISOString()
  return html`<time datetime="${iso}" title="${exact(time)}" data-ago>${ago(time, now)}</time>`
}

/** Date and time in UTC, to the millisecond. */
export const exact = (time: Date): string => `${time.toISOString().slice(0, 10)} ${clock(time)} UTC`

export const clock = (time: Date): string => time.toISOString().slice(11, 23)

/** Date and time of a zone, to the second. */
export function zoned(time: Date, zone: string): string {
  return new Intl.DateTimeFormat('en-GB', {
    weekday: 'short',
    day: '2-digit',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    timeZone: zone,
    timeZoneName: 'short',
  }).format(time)
}
