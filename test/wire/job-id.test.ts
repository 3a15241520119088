/** Job ids: UUIDs of version 7 that rise within a thread, whatever the clock does. */
// Alone in its process: holds ids to times, which those that others have made would outrun.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { v7, validate, version } from 'uuid'
import { newJobId, timeOfJobId } from '../../lib/wire/job-id.ts'

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

test('ids are UUIDv7, all different, and rise in the order they were made, even when the clock goes back', () => {
  let now = Date.now()
  let last = ''
  const seen = new Set<string>()
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: -5_000, max: 5_000 }), fc.integer({ min: 1, max: 50 })), { maxLength: 20 }),
      (moves) => {
        for (const [by, count] of moves) {
          now += by
          for (let i = 0; i < count; i++) {
            const id = newJobId(now)
            assert.match(id, UUID_V7)
            assert.ok(id > last, `${id} after ${last}`)
            last = id
            seen.add(id)
            if (seen.size % 100 === 0) assert.ok(timeOfJobId(id)! >= now)
          }
        }
      },
    ),
    { numRuns: 200 },
  )
  const one = newJobId(now + 1_000_000)
  assert.ok(!seen.has(one))
})

test('an id tells when it was made', () => {
  const base = Date.now() + 10_000_000
  for (const at of [base, base + 1, base + 86_400_000]) assert.equal(timeOfJobId(newJobId(at)), at)
  for (const other of ['', 'invoice-7', '0190f0f0-0000-4000-8000-000000000000', `${newJobId(base)}0`])
    assert.equal(timeOfJobId(other), null)
})

test('a hundred thousand ids of one millisecond rise too', () => {
  const at = Date.now() + 200_000_000
  let last = newJobId(at)
  for (let i = 0; i < 100_000; i++) {
    const id = newJobId(at)
    assert.ok(id > last)
    last = id
  }
  assert.equal(timeOfJobId(last), at)
})

test('ids are what the package uuid makes of the same time, counter and random bytes', () => {
  const at = Date.now() + 300_000_000
  for (let i = 0; i < 1_000; i++) {
    const id = newJobId(at + (i >> 3))
    assert.ok(validate(id) && version(id) === 7, id)
    const bytes = Buffer.from(id.replaceAll('-', ''), 'hex')
    const seq =
      ((bytes[6]! & 0x0f) << 28) | (bytes[7]! << 20) | ((bytes[8]! & 0x3f) << 14) | (bytes[9]! << 6) | (bytes[10]! >> 2)
    assert.equal(v7({ msecs: at + (i >> 3), seq, random: bytes }), id)
  }
})
