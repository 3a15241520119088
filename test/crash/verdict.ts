import assert from 'node:assert/strict'
import { check, describeViolations, type Expectations, type Verdict } from './check.ts'
import type { CrashRun } from './children.ts'
import { readFinalFile } from './final-file.ts'

/** Judges a run whose last process has stopped. */
export function judge(run: CrashRun, expectations: Partial<Expectations> = {}): Verdict {
  return check(run.events(), readFinalFile(run.database), { threads: run.threads, ...expectations })
}

export interface DrainOptions extends Partial<Expectations> {
  /** Longest time the last process works, in ms. */
  patience?: number
}

/** Lets a last process work off what is left, and judges the whole run. */
export async function drainAndJudge(run: CrashRun, { patience, ...expectations }: DrainOptions = {}): Promise<Verdict> {
  await run.finish('drain', patience === undefined ? {} : { patience })
  return judge(run, expectations)
}

/** Fails the test when the checker found anything. */
export function assertClean(verdict: Verdict, about = ''): void {
  assert.equal(describeViolations(verdict), '', about)
}
