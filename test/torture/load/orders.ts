import type { StartOptions } from 'celeriac'

/** What `program.ts` is told. */
export interface LoadOrders {
  role?: NonNullable<StartOptions['role']>
  /** Jobs that it keeps in flight. Default none. */
  lanes?: number
  /** Bytes of each job. Default 0. */
  padding?: number
  /** Of a job, in ms. Default 0. */
  length?: number
  /** Whether each job's end is awaited before the next one is asked for. Default true. */
  awaited?: boolean
  /** Between two jobs of a lane, in ms. Default 0. */
  rest?: number
  /** Work off what is left, and end. */
  last?: boolean
}

/** What the process says at its end, in a file beside the event log. */
export interface LoadNotes {
  pid: number
  acknowledged: number
  /** Longest time that a call waited for its acknowledgement, in ms. */
  longestWait: number
  /** Longest time that the event loop stood still though the thread had a processor, in ms. */
  longestBlock: number
}

export const notesPath = (log: string, pid: number): string => `${log}.${pid}.notes`
