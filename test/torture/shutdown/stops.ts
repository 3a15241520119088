/** What a program says of each stop, in a file of its own beside the event log: one line each. */
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import type { StopReport } from 'celeriac'

export const WAYS = ['stop', 'now', 'signal', 'twice', 'starting'] as const
/** `stuck`: while a thread is within a system call that nothing ends, which takes a second more than the others. */
export type Way = (typeof WAYS)[number] | 'stuck'

export interface Stop {
  life: number
  way: Way
  /** What the stop was waiting for when it was asked. */
  instant: string
  /** Drain and grace, in ms. */
  patience: number
  /** How long it took, in ms, and how much of that the machine was busy with others. */
  took: number
  busy: number
  report: StopReport | null
  /** Whatever else was wrong. */
  wrong: string[]
  /** Open files and threads of the process after it. */
  files: number
  threads: number
}

const path = (log: string): string => `${log}.stops`

export function sayStop(log: string, stop: Stop): void {
  appendFileSync(path(log), `${JSON.stringify(stop)}\n`)
}

export function readStops(log: string): Stop[] {
  if (!existsSync(path(log))) return []
  const lines = readFileSync(path(log), 'utf8').split('\n')
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Stop)
}
