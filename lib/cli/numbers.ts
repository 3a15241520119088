import { wrongUse } from './exit.ts'

/** A whole number of a command line. */
export function wholeNumber(value: unknown, name: string, fallback: number, least: number, most: number): number {
  if (value === undefined) return fallback
  const number = Number(value)
  if (!Number.isInteger(number) || number < least || number > most)
    wrongUse(`${name} is ${String(value)} — allowed: a whole number from ${least} to ${most}`)
  return number
}
