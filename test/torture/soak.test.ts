/** An app that does a bit of everything for a while: the short form of `npm run torture -- soak`. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seeded, seedOfRun } from '../crash/random.ts'
import { soak, soakFor } from './soak/suite.ts'

const skip = soak.missing() ?? false

test('an app that works on and on grows in nothing', { skip }, async (t) => {
  const seed = seedOfRun()
  t.diagnostic(`CRASH_SEED=${seed}`)
  const { samples, violations } = await soakFor({ seconds: 20, random: seeded(seed) })
  t.diagnostic(`${samples.reduce((sum, { jobs }) => sum + jobs, 0)} jobs, ${samples.length} samples`)
  assert.deepEqual(violations, [])
})
