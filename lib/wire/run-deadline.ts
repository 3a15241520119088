import type { RunRow } from './messages.ts'
import type { StoredOptions } from './stored-options.ts'

/** Whether an attempt that begins at this time, in epoch ms, begins after the job's deadline. */
export function isTooLate(row: RunRow, at: number): boolean {
  if (row[13] === null) return false
  const { deadline } = JSON.parse(row[13]) as StoredOptions
  return deadline !== undefined && at > row[8] + deadline
}
