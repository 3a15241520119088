import { CrashRun } from '../../crash/children.ts'
import { PLANTED_BUGS } from '../../crash/planted-bugs.ts'
import { seeded } from '../../crash/random.ts'
import type { PlantedBug } from '../planted-bug.ts'

export const killStormBugs: readonly PlantedBug[] = PLANTED_BUGS.map(({ scenario, finds, ...bug }) => ({
  ...bug,
  suite: 'kill-storm',
  tries: 8,
  async hunt(pkg, seed) {
    const run = new CrashRun({ pkg })
    try {
      const { violations } = await scenario(run, seeded(seed))
      const found = violations.find(({ invariant }) => finds.includes(invariant))
      return found ? `${found.invariant}: ${found.text}` : null
    } finally {
      await run.end()
    }
  },
}))
