import type { Duration } from '../domain/duration.ts'
import { toMilliseconds } from '../domain/duration.ts'
import type { Keep, Retention } from '../wire/care.ts'
import { integerOr, optionsOf, refuse } from './check.ts'

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
  /** What became of each slot of a schedule. At least 1 h; default 90 days. */
  ledger?: Duration | 'forever'
}

export type RetentionSettings = Retention

const HOUR = 3_600_000
const DAY = 24 * HOUR

const KEYS = ['success', 'failure', 'revoked', 'expired', 'ledger'] as const

/** @throws InvalidOption */
export function retentionOf(value: unknown): RetentionSettings {
  const given = optionsOf(value, 'retention', KEYS)
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

/**
 * How long the rows of slots are kept, in ms; null for ever.
 * @throws InvalidOption
 */
export function ledgerRetentionOf(value: unknown): number | null {
  const { ledger } = optionsOf(value, 'retention', KEYS)
  const age = ageOf(ledger, 'retention.ledger', 90 * DAY)
  // A slot's row is what keeps it from firing again when the clock is set back.
  if (age !== null && age < HOUR) refuse('retention.ledger', ledger, "at least '1h', or 'forever'")
  return age
}

function ageOf(value: unknown, where: string, fallback: number): number | null {
  if (value === undefined) return fallback
  return value === 'forever' ? null : toMilliseconds(value, where)
}
