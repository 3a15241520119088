import { seeded } from '../../crash/random.ts'
import type { PlantedBug } from '../planted-bug.ts'
import { cutPower } from './suite.ts'

type Bug = Omit<PlantedBug, 'suite' | 'hunt'> & {
  /** Looked at in one look. */
  images?: number
}

const BUGS: Bug[] = [
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
  {
    title: 'a job that expired or found no room is told of before the sync',
    patches: [{ file: 'engine/dispatcher.js', find: "this.promises = 'soon';", put: '{}' }],
  },
  {
    title: 'what others commit is looked up after a sync, during which the engine commits more',
    conditions: [{ file: 'engine/lookout.js', find: 'const POLL_BUSY = 100;', put: 'const POLL_BUSY = 4;' }],
    images: 2_500,
    tries: 10,
    patches: [
      {
        file: 'engine/waiters.js',
        find: 'if (settled)\n                found.push([id, settled]);',
        put: 'found.push([id, null]);',
      },
      {
        file: 'engine/waiters.js',
        find: 'this.settled(id, settled);\n            this.flush();',
        put: '{ const late = this.#settled(id); if (late) this.settled(id, late); }\n            this.flush();',
      },
    ],
  },
]

export const powerCutBugs: readonly PlantedBug[] = BUGS.map(({ images = 250, ...bug }) => ({
  ...bug,
  suite: 'power-cut',
  async hunt(pkg, seed) {
    const { violations } = await cutPower({ images, durability: 'full', random: seeded(seed), pkg })
    return violations[0] ?? null
  },
}))
