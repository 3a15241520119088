import type { Patch } from '../../crash/patched-package.ts'
import { seeded } from '../../crash/random.ts'
import type { PlantedBug } from '../planted-bug.ts'
import { type Fault, FULL, LOCKED, REMOVED } from './faults.ts'
import { takeResources } from './suite.ts'

const BUGS: { title: string; fault: Fault; patches: Patch[]; wanted: RegExp; short?: true }[] = [
  {
    title: 'a file that is locked is given up at once',
    fault: LOCKED,
    patches: [{ file: 'engine/turn.js', find: 'const PATIENCE = 30_000;', put: 'const PATIENCE = 0;' }],
    wanted: /DATABASE_LOCKED/,
    short: true,
  },
  {
    title: 'a refused write is told without a code',
    fault: FULL,
    patches: [
      {
        file: 'engine/turn.js',
        find: 'const fault = storageError(error, this.#store.path);',
        put: 'const fault = error;',
      },
    ],
    wanted: /STORAGE_FULL: not within|refused with \w*Error/,
  },
  {
    title: 'a file that was removed is written on',
    fault: REMOVED,
    patches: [{ file: 'store/store.js', find: 'assertSameFile() {', put: 'assertSameFile() { return;' }],
    wanted: /^file removed/,
  },
]

export const resourcesBugs: readonly PlantedBug[] = BUGS.map(({ fault, wanted, ...bug }) => ({
  ...bug,
  suite: 'resources',
  async hunt(pkg, seed) {
    const options = { rounds: 1, faults: [fault], readOnly: false, random: seeded(seed), pkg }
    const { violations } = await takeResources(options)
    return violations.find((found) => wanted.test(found)) ?? null
  },
}))
