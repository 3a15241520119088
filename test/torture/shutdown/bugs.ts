import type { Patch } from '../../crash/patched-package.ts'
import { seeded } from '../../crash/random.ts'
import type { PlantedBug } from '../planted-bug.ts'
import type { Way } from './stops.ts'
import { stopAtAnyInstant } from './suite.ts'

const BUGS: { title: string; way: Way; patches: Patch[]; wanted: RegExp; short?: true }[] = [
  {
    title: 'a job that is interrupted keeps its attempt',
    way: 'now',
    patches: [
      {
        file: 'engine/settler.js',
        find: `true);
                return settlements.giveBack(job);`,
        put: `true);
                return settlements.crash(job, null, now, '{}');`,
      },
    ],
    wanted: /went on in attempt 2/,
    short: true,
  },
  {
    title: 'a stop leaves the process on the books',
    way: 'stop',
    patches: [{ file: 'engine/stopping.js', find: 'store.processes.remove(owner)', put: 'store.processes.remove(-1)' }],
    wanted: /still on the books/,
  },
  {
    title: 'a second stop shortens nothing',
    way: 'twice',
    patches: [{ file: 'engine/stopping.js', find: 'drained.shorten(drain);', put: '' }],
    wanted: /took \d+ ms/,
  },
]

export const shutdownBugs: readonly PlantedBug[] = BUGS.map(({ way, wanted, ...bug }) => ({
  ...bug,
  suite: 'shutdown',
  async hunt(pkg, seed) {
    const options = { instants: 3, commands: 0, ways: [way], random: seeded(seed), pkg }
    const { violations } = await stopAtAnyInstant(options)
    return violations.find((found) => wanted.test(found)) ?? null
  },
}))
