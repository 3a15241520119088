import type { RunRow } from './messages.ts'
import { optionsOf } from './stored-options.ts'

/** Whether an attempt that begins at this time, in epoch ms, begins after the job's deadline. */
export function isTooLate(row: RunRow, at: number): boolean {
  const { deadline } = optionsOf(row[13])
  return deadline !== undefined && at > row[8] + deadline
}
