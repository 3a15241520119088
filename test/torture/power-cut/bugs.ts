import type { Patch } from '../../crash/patched-package.ts'
import { seeded } from '../../crash/random.ts'
import type { PlantedBug } from '../planted-bug.ts'
import { cutPower } from './suite.ts'

const BUGS: { title: string; patches: Patch[]; short?: true }[] = [
  {
    title: 'no commit is synced',
    short: true,
    patches: [
      {
        file: 'engine/disk-sync.js',
        find: 'this.#store.sync();',
        put: '',
      },
    ],
  },
  {
    title: 'the commits that promise something are those that are not synced',
    patches: [
      {
        file: 'engine/disk-sync.js',
        find: 'if (promised === null ||',
        put: 'if (promised !== null ||',
      },
    ],
  },
  {
    title: 'a result is told before the sync that holds it',
    patches: [{ file: 'engine/settler.js', find: 'get promises() {', put: 'get promises() { return null;' }],
  },
]

export const powerCutBugs: readonly PlantedBug[] = BUGS.map((bug) => ({
  ...bug,
  suite: 'power-cut',
  async hunt(pkg, seed) {
    const { violations } = await cutPower({ images: 250, durability: 'full', random: seeded(seed), pkg })
    return violations[0] ?? null
  },
}))
