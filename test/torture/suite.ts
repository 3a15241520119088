import type { Random } from '../crash/random.ts'

export const SIZES = ['short', 'nightly', 'release'] as const
export type Size = (typeof SIZES)[number]

export interface SuiteContext {
  size: Size
  /** Part of the size to do, 1 for all of it. */
  share: number
  /** Time that a suite of a given time is to take instead of the size's; null or left out: the size's. */
  seconds?: number | null
  /** Everything random in the suite is drawn from it. */
  random: Random
  /** Shown while the suite runs. */
  progress(done: number, of: number): void
}

export interface SuiteReport {
  /** How many times the library was put to the test. */
  cases: number
  /** Processes of the library that the suite killed; left out where it kills none. */
  kills?: number
  /** What was found wrong; empty when all held. */
  violations: string[]
  /** Figures worth a line in the summary. */
  notes: Record<string, number | string>
}

/** Something that tries to break one promise. */
export interface Suite {
  name: string
  /** What it does, in a line. */
  what: string
  /** Why it cannot run on this machine, or null when it can. */
  missing(): string | null
  run(context: SuiteContext): Promise<SuiteReport>
}
