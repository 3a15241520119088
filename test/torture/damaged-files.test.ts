/** Databases that went bad: the short form of `npm run torture -- damaged-files`. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seeded, seedOfRun } from '../crash/random.ts'
import { damagedFiles } from './damaged-files/suite.ts'

test('a damaged file works or is refused with a reason', async (t) => {
  const seed = seedOfRun()
  t.diagnostic(`CRASH_SEED=${seed}`)
  const report = await damagedFiles.run({ size: 'short', share: 0.2, random: seeded(seed), progress: () => {} })
  t.diagnostic(JSON.stringify(report.notes))
  assert.deepEqual(report.violations, [])
  assert.equal(report.cases, 50)
})
