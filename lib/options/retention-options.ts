import type { Duration } from '../domain/duration.ts'
import { toMilliseconds } from '../domain/duration.ts'
import type { Keep, Retention } from '../wire/care.ts'
import { integerOr, optionsOf } from './check.ts'

/** How long finished jobs are kept after they ended, and how many of them. */
export interface RetentionLimits {
  /** Default: that of the state. `'forever'` keeps them. */
  age?: Duration | 'forever'
  /** Most jobs kept; the oldest go first. Default: no limit. */
  count?: number
}

/** How long finished jobs are kept. A duration is an age; `'forever'` keeps them. */
export interface RetentionOptions {
  /** Default 7 days. */
  success?: Duration | 'forever' | RetentionLimits
  /** Default 30 days. */
  failure?: Duration | 'forever' | RetentionLimits
  /** Default 7 days. */
  revoked?: Duration | 'forever' | RetentionLimits
  /** Default 7 days. */
  expired?: Duration | 'forever' | RetentionLimits
}

export type RetentionSettings = Retention

const DAY = 86_400_000

/** @throws InvalidOption */
export function retentionOf(value: unknown): RetentionSettings {
  const given = optionsOf(value, 'retention', ['success', 'failure', 'revoked', 'expired'])
  const keep = (key: string, fallback: number): Keep => {
    const where = `retention.${key}`
    const entry = given[key]
    if (typeof entry !== 'object' || entry === null) return { age: ageOf(entry, where, fallback), count: null }
    const limits = optionsOf(entry, where, ['age', 'count'])
    return {
      age: ageOf(limits.age, `${where}.age`, fallback),
      count: integerOr(limits.count, `${where}.count`, null, 0),
    }
  }
  return {
    SUCCESS: keep('success', 7 * DAY),
    FAILURE: keep('failure', 30 * DAY),
    REVOKED: keep('revoked', 7 * DAY),
    EXPIRED: keep('expired', 7 * DAY),
  }
}

function ageOf(value: unknown, where: string, fallback: number): number | null {
  if (value === undefined) return fallback
  return value === 'forever' ? null : toMilliseconds(value, where)
}
