/** Anything that may be done to jobs, checked against a model: the short form of `npm run torture -- model`. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seeded, seedOfRun } from '../crash/random.ts'
import { model } from './model/suite.ts'

test('whatever is done to jobs, the file says what the model says', async (t) => {
  // One seed, so that what a change breaks is told from what was never found; nightly runs draw theirs.
  const seed = process.env.CRASH_SEED === undefined ? 1 : seedOfRun()
  t.diagnostic(`CRASH_SEED=${seed}`)
  const report = await model.run({ size: 'short', share: 1, random: seeded(seed), progress: () => {} })
  assert.deepEqual(report.violations, [])
  assert.ok(report.cases >= 5_000, `${report.cases} steps`)
})
