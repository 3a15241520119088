/** The power fails at any instant: nothing acknowledged is lost, and a library that lies about it is found out. */
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { type Patch, patchedPackage, removePatchedPackages } from '../crash/patched-package.ts'
import { seeded, seedOfRun } from '../crash/random.ts'
import { cutPower, powerCut } from './power-cut/suite.ts'

const skip = powerCut.missing() ?? false
after(removePatchedPackages)

describe('a power cut', { skip, concurrency: 2 }, () => {
  for (const durability of ['full', 'normal'] as const) {
    test(`under ${durability} leaves only legal disks`, async (t) => {
      const seed = seedOfRun()
      t.diagnostic(`CRASH_SEED=${seed}`)
      const { images, lossy, violations } = await cutPower({ images: 1_000, durability, random: seeded(seed) })
      t.diagnostic(`${images} disks, ${lossy} without a promise that was given`)
      assert.deepEqual(violations.slice(0, 5), [])
      // The control of the control: without a sync for each promise, some must be gone.
      if (durability === 'normal') assert.ok(lossy > 0, 'no disk lost anything, so the cuts cut nothing')
    })
  }
})

const BUGS: { title: string; patches: Patch[] }[] = [
  {
    title: 'no commit is synced',
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

describe('a planted bug is found by a power cut:', { skip, concurrency: 2 }, () => {
  for (const { title, patches } of BUGS) {
    test(title, async () => {
      const { violations } = await cutPower({
        images: 250,
        durability: 'full',
        random: seeded(1),
        pkg: patchedPackage(patches),
      })
      assert.notEqual(violations.length, 0)
    })
  }
})
