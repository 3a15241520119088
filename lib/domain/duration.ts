import { InvalidOption } from '../errors.ts'
import { showValue } from './shown-value.ts'

/** A number of milliseconds, or a string that carries its units: `'250ms'`, `'10s'`, `'5m'`, `'1h30m'`, `'7d'`, `'2w'`. */
export type Duration = number | string

const UNITS = [
  ['w', 604_800_000],
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
  ['ms', 1],
] as const

// One optional group a unit, largest first: every digit run is tried against six units at most, so it stays linear.
const PATTERN = /^(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/
const LONGEST_TEXT = 64

const ALLOWED =
  "a number of milliseconds (finite, not negative), or whole numbers with units w, d, h, m, s, ms, the largest first: '250ms', '10s', '1h30m', '7d'"

/**
 * Milliseconds of a duration.
 *
 * @param value what the user wrote
 * @param option name of the option, for the message
 * @throws {InvalidOption} when `value` is no duration, or is longer than 2^53 - 1 ms
 */
export function toMilliseconds(value: unknown, option: string): number {
  let milliseconds = Number.NaN
  if (typeof value === 'number') milliseconds = value
  else if (typeof value === 'string' && value !== '' && value.length <= LONGEST_TEXT) milliseconds = parse(value)
  // NaN fails both comparisons.
  if (!(milliseconds >= 0 && milliseconds <= Number.MAX_SAFE_INTEGER)) {
    throw new InvalidOption(`${option}: ${showValue(value)} is not a duration; give ${ALLOWED}`)
  }
  return milliseconds === 0 ? 0 : milliseconds // -0 becomes 0
}

function parse(text: string): number {
  const groups = PATTERN.exec(text)
  if (groups === null) return Number.NaN
  let total = 0
  for (const [index, [, factor]] of UNITS.entries()) {
    const digits = groups[index + 1]
    if (digits !== undefined) total += Number(digits) * factor
  }
  return total
}

/** Text of a duration, for people: `'1h30m'`, `'250ms'`, `'0ms'`. Whole milliseconds read back with `toMilliseconds`. */
export function formatDuration(milliseconds: number): string {
  if (!Number.isFinite(milliseconds)) return `${milliseconds}ms`
  let rest = Math.round(Math.abs(milliseconds))
  let text = ''
  for (const [unit, factor] of UNITS) {
    if (unit === 'w') continue // '14d' reads better than '2w' beside '13d' and '15d'
    const count = Math.floor(rest / factor)
    if (count > 0) text += `${count}${unit}`
    rest %= factor
  }
  if (text === '') return '0ms'
  return milliseconds < 0 ? `-${text}` : text
}
