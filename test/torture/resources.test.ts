/** What a program needs is taken away while it works: the short form of `npm run torture -- resources`. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seeded, seedOfRun } from '../crash/random.ts'
import { resources, takeResources } from './resources/suite.ts'

const skip = resources.missing() ?? false

test('without disk, descriptors, lock or file a program loses nothing, says why, and goes on', { skip }, async (t) => {
  const seed = seedOfRun()
  t.diagnostic(`CRASH_SEED=${seed}`)
  const report = await takeResources({ rounds: 1, random: seeded(seed) })
  const { faults, acknowledged, refused, recovery, notRun, violations } = report
  t.diagnostic(`${faults} faults, ${acknowledged} jobs stored, ${refused} refused, longest recovery ${recovery} ms`)
  if (notRun.length > 0) t.diagnostic(`not run: ${notRun.join('; ')}`)
  assert.deepEqual(violations.slice(0, 5), [])
})
