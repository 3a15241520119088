import { InvalidOption } from '../errors.ts'
import { formatDuration, toMilliseconds } from './duration.ts'
import { showValue } from './shown-value.ts'

/** At most `limit` starts in any window of `per` ms. */
export interface Rate {
  limit: number
  per: number
}

const UNITS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const LONGEST = 366 * 86_400_000
const ALLOWED = "a text such as '10/s', '100/m', '5/h' or '3/10s', or { limit, per }"

/** Most moments of a window that are told apart: above that many starts they are kept together, always as the later one. */
const MOMENTS = 500

/** @throws InvalidOption */
export function toRate(value: unknown, option: string): Rate {
  if (typeof value === 'string') {
    const [, limit, per] = /^(\d{1,9})\/([^/]+)$/.exec(value) ?? []
    if (limit !== undefined && per !== undefined)
      return checked(Number(limit), UNITS[per] ?? toMilliseconds(per, option), value, option)
  } else if (typeof value === 'object' && value !== null && 'limit' in value && 'per' in value) {
    return checked(value.limit, toMilliseconds(value.per, `${option}.per`), value, option)
  }
  throw new InvalidOption(`${option} is ${showValue(value)} — allowed: ${ALLOWED}`)
}

export function formatRate({ limit, per }: Rate): string {
  const unit = Object.entries(UNITS).find(([, milliseconds]) => milliseconds === per)
  return `${limit}/${unit ? unit[0] : formatDuration(per)}`
}

/** A moment of a begin, as it is kept. Rounded up: one that counts for longer keeps the promise, a shorter one would not. */
export function momentOf({ limit, per }: Rate, at: number): number {
  if (limit <= MOMENTS) return at
  const grain = Math.max(1, Math.floor(per / MOMENTS))
  return Math.ceil(at / grain) * grain
}

function checked(limit: unknown, per: number, value: unknown, option: string): Rate {
  const whole = Math.round(per)
  if (typeof limit !== 'number' || !Number.isInteger(limit) || limit < 1 || whole < 1 || whole > LONGEST)
    throw new InvalidOption(`${option} is ${showValue(value)} — allowed: ${ALLOWED}, of at least 1 in 1ms to 366d`)
  return { limit, per: whole }
}
