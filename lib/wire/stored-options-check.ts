/** Whether stored options have the shape that the library gives them. */

import type { GateKeys, StoredLink, StoredOptions } from './option-shapes.ts'
import { isNumber, isObject, isText, isTexts } from './stored-json.ts'

type Check = (value: unknown) => boolean
type Shape<T> = { readonly [Key in keyof Required<T>]: Check }

const isTrue: Check = (value) => value === true
const isInteger: Check = (value) => Number.isInteger(value)
const oneOf =
  (...allowed: unknown[]): Check =>
  (value) =>
    allowed.includes(value)
const orNull =
  (check: Check): Check =>
  (value) =>
    value === null || check(value)
/** What is not given is left to the default. */
const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value)
const listOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check)
/** An object all of whose own properties pass; those that nobody knows belong to a later version. */
const shaped =
  (shape: Record<string, Check>): Check =>
  (value) =>
    isObject(value) && Object.entries(shape).every(([key, check]) => check(value[key]))

const span: Check = (value) => isNumber(value) && value >= 0

const rate = shaped({ limit: isInteger, per: isNumber })
const keys: Shape<GateKeys> = { concurrency: orNull(isTexts), rate: orNull(isTexts) }

const LINK: Shape<StoredLink> = {
  task: isText,
  queue: isText,
  priority: isInteger,
  maxAttempts: isInteger,
  codec: oneOf('json', 'v8'),
  options: orNull((value) => isStoredOptions(value)),
  id: orNull(isText),
  runAt: orNull(isInteger),
  delay: orNull(isInteger),
  expiresAt: orNull(isInteger),
  expiresIn: orNull(isInteger),
  unique: optional(
    shaped({
      until: oneOf('started', 'finished'),
      onConflict: oneOf('existing', 'replace', 'error'),
      within: orNull(isNumber),
      debounce: orNull(shaped({ delay: isNumber, maxWait: orNull(isNumber) })),
    }),
  ),
  key: optional(isText),
  concurrency: optional(shaped({ limit: isInteger, discard: oneOf(true, false) })),
  rate: optional(rate),
  gateKeys: optional(shaped(keys)),
  immutable: optional(isTrue),
  args: isText,
}

const OPTIONS: Shape<StoredOptions> = {
  ignoreResult: isTrue,
  deadline: isNumber,
  timeLimit: span,
  softTimeLimit: span,
  headers: (value) => isObject(value) && Object.values(value).every(isText),
  tags: isTexts,
  retry: shaped({
    maxRetries: isNumber,
    backoff: optional(oneOf('exponential', 'fixed')),
    delay: optional(span),
    maxDelay: optional(span),
    jitter: optional(oneOf('equal', 'full', 'none')),
  }),
  discard: isTrue,
  missed: isNumber,
  lastSuccess: isNumber,
  link: listOf(shaped(LINK)),
  linkError: listOf(shaped(LINK)),
}

/** Not looked up in an object, which has more names than it was given. */
const CHECKS = new Map<string, Check>(Object.entries(OPTIONS))

export function isStoredOptions(value: unknown): value is StoredOptions {
  if (!isObject(value)) return false
  for (const key in value) if (CHECKS.get(key)?.(value[key]) === false) return false
  return true
}
