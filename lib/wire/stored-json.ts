/** JSON as a file holds it. Somebody may have written to its tables by hand: what cannot be read must harm its own row only. */

/** What stands in the place of a stored value that cannot be read. */
export const UNREADABLE = '[unreadable]'

/** The value of a text; `undefined` for a text that is no JSON. */
export function readJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The object of a text; `null` for a text that holds none. */
export function readObject(text: string): Record<string, unknown> | null {
  const value = readJson(text)
  return isObject(value) ? value : null
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export const isText = (value: unknown): value is string => typeof value === 'string'

export const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value)

export const isTexts = (value: unknown): value is string[] => Array.isArray(value) && value.every(isText)
