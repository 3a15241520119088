/** Any value as argument, result, error and option: the short form of `npm run torture -- bad-input`. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seeded, seedOfRun } from '../crash/random.ts'
import { badInput } from './bad-input/suite.ts'

test('whatever comes in is kept as it is, or refused with a reason', async (t) => {
  const seed = seedOfRun()
  t.diagnostic(`CRASH_SEED=${seed}`)
  const report = await badInput.run({ size: 'short', share: 1, random: seeded(seed), progress: () => {} })
  assert.deepEqual(report.violations.slice(0, 5), [])
  assert.ok(report.cases >= 5_000, `${report.cases} cases`)
})
