import type { CrashRun } from '../../crash/children.ts'
import { judge } from '../../crash/verdict.ts'

/** Lets a last process work off what a load has left, and gives what the history checker finds. */
export async function drainAndCheck(run: CrashRun): Promise<string[]> {
  try {
    await run.finish('program', { last: true })
    return judge(run).violations.map(({ invariant, text }) => `${invariant}: ${text}`)
  } catch (error) {
    return [`the next process: ${(error as Error).message}`]
  }
}
