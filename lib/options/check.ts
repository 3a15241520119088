import { type Duration, toMilliseconds } from '../domain/duration.ts'
import { showValue } from '../domain/shown-value.ts'
import { InvalidOption } from '../errors.ts'

/** Refuses one value: names the option, what was given and what is allowed. */
export function refuse(option: string, value: unknown, allowed: string): never {
  throw new InvalidOption(`${option} is ${showValue(value)} — allowed: ${allowed}`)
}

/**
 * An options object whose every key is known.
 * @throws InvalidOption naming the misspelled key and the nearest real one
 */
export function optionsOf(value: unknown, where: string, known: readonly string[]): Record<string, unknown> {
  if (value === undefined) return {}
  if (typeof value !== 'object' || value === null || Array.isArray(value)) refuse(where, value, 'an object of options')
  for (const key of Object.keys(value)) {
    if (known.includes(key)) continue
    const near = known.find((name) => distance(name.toLowerCase(), key.toLowerCase()) <= 2)
    throw new InvalidOption(
      `${where} has no option "${key}"${near ? ` — did you mean "${near}"?` : ''} Known options: ${known.join(', ')}`,
    )
  }
  return value as Record<string, unknown>
}

/** Whole milliseconds: a time with a fraction is no INTEGER, which a STRICT table refuses. */
export function durationOr<D>(value: unknown, option: string, fallback: D): number | D {
  return value === undefined ? fallback : Math.round(toMilliseconds(value as Duration, option))
}

export function integerOr<D>(
  value: unknown,
  option: string,
  fallback: D,
  least: number,
  most = Number.MAX_SAFE_INTEGER,
): number | D {
  if (value === undefined) return fallback
  if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most) {
    refuse(
      option,
      value,
      most === Number.MAX_SAFE_INTEGER ? `an integer of at least ${least}` : `an integer from ${least} to ${most}`,
    )
  }
  return value
}

export function booleanOr<D>(value: unknown, option: string, fallback: D): boolean | D {
  if (value === undefined) return fallback
  if (typeof value !== 'boolean') refuse(option, value, 'true or false')
  return value
}

export function oneOf<T extends string, D>(value: unknown, option: string, choices: readonly T[], fallback: D): T | D {
  if (value === undefined) return fallback
  if (!choices.includes(value as T)) refuse(option, value, choices.map((choice) => `'${choice}'`).join(' or '))
  return value as T
}

/** A name of a task, queue or schedule: printable, so that it can stand in a log line or a command. */
export function nameOf(value: unknown, option: string): string {
  if (typeof value !== 'string' || value.length === 0 || value.length > 200 || /[\p{Cc}\p{Zl}\p{Zp}]/u.test(value)) {
    refuse(option, value, 'a text of 1 to 200 characters without control characters')
  }
  return value
}

/** At least one name. */
export function namesOf(value: unknown, option: string): string[] {
  if (!Array.isArray(value) || value.length === 0) refuse(option, value, 'an array of at least one name')
  return value.map((name, i) => nameOf(name, `${option}[${i}]`))
}

/** A moment: a Date, or epoch milliseconds. */
export function momentOr<D>(value: unknown, option: string, fallback: D): number | D {
  if (value === undefined) return fallback
  const time = value instanceof Date ? value.getTime() : value
  if (typeof time !== 'number' || !Number.isFinite(time) || Math.abs(time) > 8.64e15) {
    refuse(option, value, 'a valid Date or epoch milliseconds')
  }
  return Math.round(time)
}

/** Edits between two words, as Levenshtein counts them; options are short, so the table is small. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1))
    }
    row = next
  }
  return row[b.length]!
}
