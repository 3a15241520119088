import { CrashRun } from '../../crash/children.ts'
import { PLANTED_BUGS } from '../../crash/planted-bugs.ts'
import { seeded } from '../../crash/random.ts'
import type { PlantedBug } from '../planted-bug.ts'

/** Histories after which a bug counts as not found. */
const TRIES = 8

export const killStormBugs: readonly PlantedBug[] = PLANTED_BUGS.map(({ scenario, finds, ...bug }) => ({
  ...bug,
  suite: 'kill-storm',
  async hunt(pkg, seed) {
    for (let tried = 1; tried <= TRIES; tried++) {
      const run = new CrashRun({ pkg })
      try {
        const { violations } = await scenario(run, seeded(seed + tried))
        const found = violations.find(({ invariant }) => finds.includes(invariant))
        if (found) return `${found.invariant}, in history ${tried}: ${found.text}`
      } finally {
        await run.end()
      }
    }
    return null
  },
}))
