import type { Duration } from '../domain/duration.ts'
import { type Rate, toRate } from '../domain/rate.ts'
import type { GateKeys } from '../wire/messages.ts'
import { integerOr, nameOf, oneOf, optionsOf, refuse } from './check.ts'

/** How many jobs of a task may run at once. */
export interface ConcurrencyOptions {
  /** Most jobs that run at once, over all processes of the file. With `key`: for each key. */
  limit: number
  /** Names what a job's arguments share with others, such as a customer. Runs where the job is enqueued. Default: none. */
  // biome-ignore lint/suspicious/noExplicitAny: the arguments are the task's own
  key?: (...args: any[]) => string
  /** What becomes of a job that finds no place: it waits as BLOCKED, or ends at once as REVOKED. Default `'wait'`. */
  onConflict?: 'wait' | 'discard'
}

export interface ConcurrencySettings {
  limit: number
  key: ((...args: unknown[]) => unknown) | null
  discard: boolean
}

/** How many jobs of a task may start in a time. */
export interface RateLimitOptions {
  /** Most starts in any window of `per`. */
  limit: number
  per: Duration
  /** Names what a job's arguments share with others, such as an account: each key has a rate of its own. Default: none. */
  // biome-ignore lint/suspicious/noExplicitAny: the arguments are the task's own
  key?: (...args: any[]) => string
}

export interface RateSettings extends Rate {
  key: ((...args: unknown[]) => unknown) | null
}

export function rateLimitOf(value: unknown, where: string): RateSettings | null {
  if (value === undefined) return null
  if (typeof value === 'string') return { ...toRate(value, where), key: null }
  const { key, ...rate } = optionsOf(value, where, ['limit', 'per', 'key'])
  if (key !== undefined && typeof key !== 'function')
    refuse(`${where}.key`, key, 'a function of the arguments that returns a text')
  return { ...toRate(rate, where), key: (key as RateSettings['key'] | undefined) ?? null }
}

/** The rate's key of each job. Begins so that no concurrency key is the same. */
export function rateKeys(
  task: string,
  { key }: RateSettings,
  argsList: readonly (readonly unknown[])[],
): GateKeys['rate'] {
  if (!key) return null
  return argsList.map((args) => `rate\n${task}\n${keyText(key(...args), `task "${task}": rateLimit.key()`)}`)
}

/** A limit whose places are given to jobs one by one, before they are ready, rather than counted when they start. */
export interface KeyedLimit {
  limit: number
  discard: boolean
}

export function concurrencyOf(value: unknown, where: string): ConcurrencySettings | null {
  if (value === undefined) return null
  const given = typeof value === 'number' ? { limit: value } : optionsOf(value, where, ['limit', 'key', 'onConflict'])
  const { limit, key, onConflict } = given as Record<string, unknown>
  if (limit === undefined) refuse(where, value, 'a number, or { limit, key?, onConflict? }')
  if (key !== undefined && typeof key !== 'function')
    refuse(`${where}.key`, key, 'a function of the arguments that returns a text')
  return {
    limit: integerOr(limit, typeof value === 'number' ? where : `${where}.limit`, 1, 1),
    key: (key as ConcurrencySettings['key'] | undefined) ?? null,
    discard: oneOf(onConflict, `${where}.onConflict`, ['wait', 'discard'] as const, 'wait') === 'discard',
  }
}

/** What a call's jobs are under when each needs a place of its key: the task's limit, or one at a time where it has no key. */
export function keyedLimit(settings: ConcurrencySettings | null, ownKey: string | null): KeyedLimit | null {
  if (settings && (settings.key || settings.discard)) return { limit: settings.limit, discard: settings.discard }
  return ownKey === null ? null : { limit: 1, discard: false }
}

/** Whether the limit is counted when jobs start, over the task as a whole. */
export function wholeTaskLimit(settings: ConcurrencySettings | null): number | null {
  return settings && !settings.key && !settings.discard ? settings.limit : null
}

/** The key of each job. A key is its task's own, so it begins with the name. */
export function concurrencyKeys(
  task: string,
  settings: ConcurrencySettings | null,
  ownKey: string | null,
  argsList: readonly (readonly unknown[])[],
): GateKeys['concurrency'] {
  const keyOf = (args: readonly unknown[]): string => {
    if (ownKey !== null) return ownKey
    return settings?.key ? keyText(settings.key(...args), `task "${task}": concurrency.key()`) : ''
  }
  return argsList.map((args) => `${task}\n${keyOf(args)}`)
}

export function keyText(value: unknown, where: string): string {
  if (typeof value !== 'string') refuse(where, value, 'a text')
  return nameOf(value, where)
}
