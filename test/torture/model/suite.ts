/** Does anything that may be done to jobs, by several processes at any times, and looks whether the file says what it should. */
import fc from 'fast-check'
import { integer } from '../../crash/random.ts'
import type { Size, Suite, SuiteContext, SuiteReport } from '../suite.ts'
import { histories, takeSteps } from './commands.ts'
import { Model } from './model.ts'
import { PROCESSES } from './setting.ts'
import { Ground, World } from './world.ts'

const STEPS: Record<Size, number> = { short: 5_000, nightly: 2_000_000, release: 20_000_000 }
/** Most steps of a history. */
const LENGTH = 250
/** Histories of one seed. */
const HISTORIES = 10
/** Longest search for a shorter history that shows the same, in ms. */
const LONGEST: Record<Size, number> = { short: 1_500, nightly: 60_000, release: 60_000 }
/** Violations after which no more are looked for. */
const ENOUGH: Record<Size, number> = { short: 1, nightly: 3, release: 3 }

function history(commands: Iterable<fc.Command<Model, World>>, ground: Ground): void {
  using world = new World(ground)
  const model = new Model()
  for (const [i, process] of world.processes.entries()) model.begin(i, process.owner)
  fc.modelRun(() => ({ model, real: world }), commands)
  world.compareRecords(model)
}

/** Null when all histories agree with the model. */
function differs(seed: number, longest: number, ground: Ground): string | null {
  const property = fc.property(histories(LENGTH), (commands) => history(commands, ground))
  const began = performance.now()
  // Without a limit of time, so that a seed means the same on every machine; the search for a shorter history has one.
  if (!fc.check(property, { seed, numRuns: HISTORIES, endOnFailure: true }).failed) return null
  const interruptAfterTimeLimit = performance.now() - began + longest
  const result = fc.check(property, { seed, numRuns: HISTORIES, interruptAfterTimeLimit })
  if (!result.failed || result.counterexample === null)
    return `seed ${seed}: after\n    a history that did not fail again`
  const cause = result.errorInstance instanceof Error ? result.errorInstance.message : String(result.errorInstance)
  const shown = [
    ...(result.counterexample[0] as unknown as { commands: { toString(): string; hasRan?: boolean }[] }).commands,
  ]
  return `seed ${seed}: after\n    ${shown.filter(({ hasRan }) => hasRan !== false).join('\n    ')}\n  ${cause}`
}

export const model: Suite = {
  name: 'model',
  what: `lets ${PROCESSES} processes do anything to jobs, at any times, and compares the file with a small model after each step`,
  missing: () => null,
  async run({ size, share, random, progress }: SuiteContext): Promise<SuiteReport> {
    const most = Math.ceil(STEPS[size] * share)
    const violations: string[] = []
    let cases = 0
    takeSteps()
    using ground = new Ground()
    while (cases < most && violations.length < ENOUGH[size]) {
      const violation = differs(integer(random, 0, 2 ** 31 - 1), LONGEST[size], ground)
      if (violation !== null) violations.push(violation)
      cases += takeSteps()
      progress(Math.min(cases, most), most)
    }
    return { cases, violations, notes: { 'steps of a history, at most': LENGTH } }
  },
}
