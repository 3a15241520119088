import type { Payload } from './codec.ts'

/** A column: one value for each job, or the one value that they all have. */
export type Same<T> = T | T[]

/**
 * First attempts of jobs that have nothing but their arguments, at positions and with tokens that rise by one: most jobs are
 * such, and column by column they cost both threads a third of what they would cost as rows.
 */
export type PlainRun = [
  position: number,
  token: number,
  ids: string[],
  task: string,
  queue: string,
  maxAttempts: number,
  enqueuedAt: number,
  args: Same<string | Uint8Array>,
]

/** Outcomes of kind success of neighbours that began in the same millisecond, column by column. */
export type Successes = [
  kind: 'successes',
  from: number,
  startedAt: number,
  milliseconds: number[],
  results: Same<Payload>,
]
