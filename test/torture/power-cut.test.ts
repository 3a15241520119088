/** The power fails at any instant: nothing acknowledged is lost, and a library that lies about it is found out. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { seeded, seedOfRun } from '../crash/random.ts'
import { cutPower, powerCut } from './power-cut/suite.ts'

const skip = powerCut.missing() ?? false

describe('a power cut', { skip, concurrency: 2 }, () => {
  for (const durability of ['full', 'normal'] as const) {
    test(`under ${durability} leaves only legal disks`, async (t) => {
      const seed = seedOfRun()
      t.diagnostic(`CRASH_SEED=${seed}`)
      const { images, lossy, violations } = await cutPower({ images: 2_500, durability, random: seeded(seed) })
      t.diagnostic(`${images} disks, ${lossy} without a promise that was given`)
      assert.deepEqual(violations.slice(0, 5), [])
      // The control of the control: without a sync for each promise, some must be gone.
      if (durability === 'normal') assert.ok(lossy > 0, 'no disk lost anything, so the cuts cut nothing')
    })
  }
})
