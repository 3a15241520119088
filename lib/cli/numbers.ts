import type { Duration } from '../domain/duration.ts'
import { wrongUse } from './exit.ts'

/** A whole number of a command line. */
export function wholeNumber(value: unknown, name: string, fallback: number, least: number, most: number): number {
  if (value === undefined) return fallback
  const number = Number(value)
  if (!Number.isInteger(number) || number < least || number > most)
    wrongUse(`${name} is ${String(value)} — allowed: a whole number from ${least} to ${most}`)
  return number
}

/** A duration of a command line: digits alone are milliseconds, as a number is elsewhere. */
export function duration(value: unknown): Duration {
  const text = String(value)
  return /^\d+$/.test(text) ? Number(text) : text
}
