import type { Duration } from '../domain/duration.ts'
import { toMilliseconds } from '../domain/duration.ts'
import { optionsOf } from './check.ts'

/** How long finished jobs are kept after they ended. `'forever'` keeps them. */
export interface RetentionOptions {
  /** Default 7 days. */
  success?: Duration | 'forever'
  /** Default 30 days. */
  failure?: Duration | 'forever'
  /** Default 7 days. */
  revoked?: Duration | 'forever'
  /** Default 7 days. */
  expired?: Duration | 'forever'
}

export interface RetentionSettings {
  SUCCESS: number | null
  FAILURE: number | null
  REVOKED: number | null
  EXPIRED: number | null
}

const DAY = 86_400_000

/** @throws InvalidOption */
export function retentionOf(value: unknown): RetentionSettings {
  const given = optionsOf(value, 'retention', ['success', 'failure', 'revoked', 'expired'])
  const time = (key: string, fallback: number): number | null => {
    if (given[key] === undefined) return fallback
    return given[key] === 'forever' ? null : toMilliseconds(given[key], `retention.${key}`)
  }
  return {
    SUCCESS: time('success', 7 * DAY),
    FAILURE: time('failure', 30 * DAY),
    REVOKED: time('revoked', 7 * DAY),
    EXPIRED: time('expired', 7 * DAY),
  }
}
