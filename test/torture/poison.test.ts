/** Jobs that kill whatever runs them, beside jobs that do nothing wrong: the short form of `npm run torture -- poison`. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PROCESS_WAYS, THREAD_WAYS } from '../crash/poison-ways.ts'
import { seeded, seedOfRun } from '../crash/random.ts'
import { poisonSuite } from './poison/suite.ts'

test('a job that kills its thread or process ends, after three deaths at most, and fails no other', async (t) => {
  const seed = seedOfRun()
  t.diagnostic(`CRASH_SEED=${seed}`)
  const report = await poisonSuite.run({ size: 'short', share: 1, random: seeded(seed), progress: () => {} })
  t.diagnostic(JSON.stringify(report.notes))
  assert.deepEqual(report.violations, [])
  const ways = PROCESS_WAYS.length + THREAD_WAYS.length
  assert.ok(report.cases >= 3 * ways, `${report.cases} jobs in ${ways} ways`)
})
