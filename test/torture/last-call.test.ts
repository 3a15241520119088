/** Every system call the last one, or one that fails: the short form. `npm run torture -- last-call --size nightly` for more. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { seeded, seedOfRun } from '../crash/random.ts'
import { lastCall, lastCalls } from './last-call/suite.ts'

const skip = lastCall.missing() ?? false

describe('the last system call', { skip }, () => {
  test('of every operation leaves a legal file, and one that fails a reason', async (t) => {
    const seed = seedOfRun()
    t.diagnostic(`CRASH_SEED=${seed}`)
    const points = { replayed: 16, killed: 0.25, failed: 0.25 }
    const { replayed, killed, failed, violations } = await lastCalls({ points, random: seeded(seed) })
    t.diagnostic(`${replayed} deaths replayed, ${killed} processes killed, ${failed} calls failed`)
    assert.deepEqual(violations.slice(0, 5), [])
    assert.ok(replayed + killed + failed >= 200, `only ${replayed} deaths were looked at`)
  })
})
