/** Every system call the last one, or one that fails: the short form. `npm run torture -- last-call --size nightly` for more. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { seeded, seedOfRun } from '../crash/random.ts'
import { lastCall, lastCalls } from './last-call/suite.ts'

const skip = lastCall.missing() ?? false

describe('the last system call', { skip }, () => {
  test('of five operations leaves a legal file, and one that fails a reason', async (t) => {
    const seed = seedOfRun()
    t.diagnostic(`CRASH_SEED=${seed}`)
    const { kills, errors, violations } = await lastCalls({
      operations: ['enqueue', 'within', 'succeed', 'retry', 'shutdown'],
      points: { kill: 3, error: 1 },
      random: seeded(seed),
    })
    t.diagnostic(`${kills} processes killed, ${errors} calls failed`)
    assert.deepEqual(violations.slice(0, 5), [])
    assert.ok(kills > 8, `only ${kills} processes were killed`)
  })
})
