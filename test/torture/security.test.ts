/** Whoever means harm: the short form of `npm run torture -- security`. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seeded, seedOfRun } from '../crash/random.ts'
import { security } from './security/suite.ts'

test('no attack on the dashboard, and no stored value, does what it is meant to do', async (t) => {
  const seed = seedOfRun()
  t.diagnostic(`CRASH_SEED=${seed}`)
  const report = await security.run({ size: 'short', share: 1, random: seeded(seed), progress: () => {} })
  t.diagnostic(JSON.stringify(report.notes))
  assert.deepEqual(report.violations.slice(0, 5), [])
  assert.ok(Number(report.notes.requests) > 500, `${report.notes.requests} requests`)
})
