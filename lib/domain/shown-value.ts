import { inspect } from 'node:util'

const LONGEST = 120

/** A value as an error message may quote it: one short line, whatever the value is; never runs code of the value. */
export function showValue(value: unknown): string {
  let text: string
  try {
    text = inspect(value, {
      depth: 1,
      breakLength: Number.POSITIVE_INFINITY,
      maxArrayLength: 5,
      maxStringLength: LONGEST,
      customInspect: false,
      getters: false,
    })
  } catch {
    // An object may still throw from a hostile prototype chain.
    text = `an unreadable ${typeof value}`
  }
  return text.length > LONGEST + 40 ? `${text.slice(0, LONGEST)}…` : text
}
