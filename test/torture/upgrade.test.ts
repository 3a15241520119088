/** Files of older and of newer versions: the short form of `npm run torture -- upgrade`. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seeded, seedOfRun } from '../crash/random.ts'
import { upgradeSuite } from './upgrade/suite.ts'

test('a file is of one version as a whole, whenever its migration dies, and a newer one is left as it is', async (t) => {
  const missing = upgradeSuite.missing()
  if (missing !== null) return t.skip(missing)
  const seed = seedOfRun()
  t.diagnostic(`CRASH_SEED=${seed}`)
  const report = await upgradeSuite.run({ size: 'short', share: 1, random: seeded(seed), progress: () => {} })
  t.diagnostic(JSON.stringify(report.notes))
  assert.deepEqual(report.violations, [])
  assert.ok(Number(report.notes['found old']) > 20 && Number(report.notes['found migrated']) > 5)
})
