import type { Duration } from '../domain/duration.ts'
import type { UniqueRule } from '../domain/unique.ts'
import { InvalidOption } from '../errors.ts'
import { argumentsKey } from '../wire/arguments-key.ts'
import { durationOr, oneOf, optionsOf, refuse } from './check.ts'

/** A key, or a function of the call's arguments that returns one; it runs where the call is made. */
// biome-ignore lint/suspicious/noExplicitAny: the arguments are those of whichever task the options are given to.
export type KeyOption = string | ((...args: any[]) => string)

/** While a job of a key is there, another call with the same key stores nothing. Keys are the task's own. */
export interface UniqueOptions {
  /** Default: the arguments as they are stored, in which the order of an object's keys counts. */
  key?: KeyOption
  /** Also a duplicate: one whose job was enqueued less than this ago, even if it has ended since. Default: none. */
  within?: Duration
  /** When the key is free again: as the job begins for the first time, or as it ends. Default `'finished'`. */
  until?: 'started' | 'finished'
  /**
   * What a duplicate gets: the handle of the job that is there; its place, when that job still waits (one that runs goes on
   * beside the new one); or `DuplicateJob`. Default `'existing'`.
   */
  onConflict?: 'existing' | 'replace' | 'error'
}

/** Calls that follow each other closely become one run, with the arguments of the last. */
export interface DebounceOptions {
  key: KeyOption
  /** The run follows the last call after this long. */
  delay: Duration
  /** Longest time from the first call to the run, however many follow. Default: none. */
  maxWait?: Duration
}

/** Of the calls of a period only the first is run. */
export interface ThrottleOptions {
  /** Default: the arguments as they are stored. */
  key?: KeyOption
  /** The period begins with the call that is run. */
  every: Duration
}

/** What decides, for a task or a call, whether a job is stored. */
export interface OnceOptions {
  /** `true` for the defaults; `false` in a call switches the task's own off. Excludes `debounce` and `throttle`. */
  unique?: UniqueOptions | boolean
  debounce?: DebounceOptions
  throttle?: ThrottleOptions
}

export interface UniqueSettings {
  readonly rule: UniqueRule
  /** Null for the arguments themselves. */
  readonly key: KeyOption | null
}

export const ONCE_KEYS = ['unique', 'debounce', 'throttle'] as const

const LONGEST_KEY = 500

/**
 * @param base what the task says, which a call's own `unique` adds to
 * @throws InvalidOption
 */
export function uniqueSettings(
  given: Record<string, unknown>,
  base: UniqueSettings | null,
  where: string,
): UniqueSettings | null {
  const names = ONCE_KEYS.filter((name) => given[name] !== undefined && given[name] !== false)
  if (names.length > 1)
    throw new InvalidOption(`${where} was given both ${names[0]} and ${names[1]} — give one of them`)
  switch (names[0]) {
    case 'unique':
      return unique(given.unique, base?.rule.debounce ? null : base, where)
    case 'debounce':
      return debounce(given.debounce, where)
    case 'throttle':
      return throttle(given.throttle, where)
    default:
      return given.unique === false ? null : base
  }
}

function unique(value: unknown, base: UniqueSettings | null, where: string): UniqueSettings {
  const given = value === true ? {} : optionsOf(value, `${where}: unique`, ['key', 'within', 'until', 'onConflict'])
  return Object.freeze({
    rule: Object.freeze({
      until: oneOf(
        given.until,
        `${where}: unique.until`,
        ['started', 'finished'] as const,
        base?.rule.until ?? 'finished',
      ),
      onConflict: oneOf(
        given.onConflict,
        `${where}: unique.onConflict`,
        ['existing', 'replace', 'error'] as const,
        base?.rule.onConflict ?? 'existing',
      ),
      within: durationOr(given.within, `${where}: unique.within`, base?.rule.within ?? null),
      debounce: null,
    }),
    key: keyOption(given.key, `${where}: unique.key`) ?? base?.key ?? null,
  })
}

function debounce(value: unknown, where: string): UniqueSettings {
  const given = optionsOf(value, `${where}: debounce`, ['key', 'delay', 'maxWait'])
  const key = keyOption(given.key, `${where}: debounce.key`)
  if (key === null)
    refuse(`${where}: debounce.key`, given.key, 'a text, or a function of the arguments that returns one')
  const delay = durationOr(given.delay, `${where}: debounce.delay`, null)
  if (delay === null) refuse(`${where}: debounce.delay`, given.delay, 'a duration')
  const maxWait = durationOr(given.maxWait, `${where}: debounce.maxWait`, null)
  if (maxWait !== null && maxWait < delay)
    refuse(`${where}: debounce.maxWait`, given.maxWait, 'a duration no shorter than delay')
  return Object.freeze({
    rule: Object.freeze({ until: 'started', onConflict: 'existing', within: null, debounce: { delay, maxWait } }),
    key,
  })
}

function throttle(value: unknown, where: string): UniqueSettings {
  const given = optionsOf(value, `${where}: throttle`, ['key', 'every'])
  const within = durationOr(given.every, `${where}: throttle.every`, null)
  if (within === null) refuse(`${where}: throttle.every`, given.every, 'a duration')
  return Object.freeze({
    rule: Object.freeze({ until: 'started', onConflict: 'existing', within, debounce: null }),
    key: keyOption(given.key, `${where}: throttle.key`),
  })
}

function keyOption(value: unknown, option: string): KeyOption | null {
  if (value === undefined) return null
  if (typeof value === 'function') return value as KeyOption
  return keyText(value, option)
}

function keyText(value: unknown, option: string): string {
  if (typeof value !== 'string' || value.length === 0 || value.length > LONGEST_KEY)
    refuse(option, value, `a text of 1 to ${LONGEST_KEY} characters, or a function of the arguments that returns one`)
  return value
}

/**
 * The key of one call.
 * @throws InvalidOption when the key function returns something else than a text
 */
export function uniqueKey(
  { key }: UniqueSettings,
  task: string,
  args: readonly unknown[],
  encoded: string | Uint8Array,
): string {
  if (key === null) return argumentsKey(encoded)
  return typeof key === 'string' ? key : keyText(key(...args), `task "${task}": the result of its key function`)
}
