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
        file: 'store/open.js',
        find: "durability === 'full' ? 'PRAGMA synchronous = FULL'",
        put: "durability === 'full' ? 'PRAGMA synchronous = OFF'",
      },
    ],
  },
  {
    title: 'the commits that promise something are those that are not synced',
    patches: [
      {
        file: 'store/store.js',
        find: 'const sync = promised && this.#full;',
        put: 'const sync = !promised && this.#full;',
      },
    ],
  },
  {
    title: 'a result is told before the sync that holds it',
    patches: [{ file: 'engine/settler.js', find: 'get promises() {', put: 'get promises() { return false;' }],
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
