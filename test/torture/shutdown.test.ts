/** Stopped at any instant: the short form of `npm run torture -- shutdown`. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seeded, seedOfRun } from '../crash/random.ts'
import { shutdown, stopAtAnyInstant } from './shutdown/suite.ts'

const skip = shutdown.missing() ?? false
test('a stop at any instant ends in time, takes no attempt, loses nothing and leaves nothing behind', {
  skip,
}, async (t) => {
  const seed = seedOfRun()
  t.diagnostic(`CRASH_SEED=${seed}`)
  const { stops, interrupted, latest, violations } = await stopAtAnyInstant({
    instants: 50,
    random: seeded(seed),
  })
  t.diagnostic(`${stops} stops, ${interrupted} jobs interrupted, at most ${latest} ms beyond drain and grace`)
  assert.deepEqual(violations.slice(0, 5), [])
})
