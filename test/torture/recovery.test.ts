/** How soon a killed process's jobs run again: the short form of `npm run torture -- recovery`. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seeded } from '../crash/random.ts'
import { recoverySuite } from './recovery/suite.ts'

test("killed processes' jobs run again in the living, and in those that are started", async (t) => {
  const context = { size: 'short', share: 1, random: seeded(1), progress: () => {} } as const
  const { violations, notes } = await recoverySuite.run(context)
  t.diagnostic(JSON.stringify(notes))
  assert.deepEqual(violations, [])
})
