/** Every system call the last one, or one that fails: the short form. `npm run torture -- last-call --size nightly` for more. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { seeded, seedOfRun } from '../crash/random.ts'
import { lastCall } from './last-call/suite.ts'

const skip = lastCall.missing() ?? false

describe('the last system call', { skip }, () => {
  test('of every operation leaves a legal file, and one that fails a reason', async (t) => {
    const seed = seedOfRun()
    t.diagnostic(`CRASH_SEED=${seed}`)
    const { cases, notes, violations } = await lastCall.run({
      size: 'short',
      share: 1,
      random: seeded(seed),
      progress: () => {},
    })
    t.diagnostic(JSON.stringify(notes))
    assert.deepEqual(violations.slice(0, 5), [])
    assert.ok(cases >= 200, `only ${cases} deaths were looked at`)
  })
})
