import { integerOr, optionsOf, refuse } from './check.ts'

/** How many jobs of a task may run at once. */
export interface ConcurrencyOptions {
  /** Most jobs that run at once, over all processes of the file. */
  limit: number
}

export interface ConcurrencySettings {
  limit: number
}

export function concurrencyOf(value: unknown, where: string): ConcurrencySettings | null {
  if (value === undefined) return null
  const given = typeof value === 'number' ? { limit: value } : optionsOf(value, where, ['limit'])
  if (given.limit === undefined) refuse(where, value, 'a number, or { limit }')
  return { limit: integerOr(given.limit, typeof value === 'number' ? where : `${where}.limit`, 1, 1) }
}
