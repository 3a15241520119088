/** Rates and a wall clock that is set back, in a process that goes on. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { EnqueueBatch } from '../../lib/wire/messages.ts'
import { plainBatch } from '../fixtures/batch.ts'
import { DAY, HOUR, SECOND, T0, WINDOW } from '../torture/model/setting.ts'
import { Ground, World } from '../torture/model/world.ts'

const THREE = plainBatch(['one', 'two', 'three'], { task: 'rated', queue: 'a' })

test('a rate that was full does not stay so until the clock has caught up', () => {
  using ground = new Ground()
  using world = new World(ground)
  const process = world.process(0)
  process.enqueue([THREE])
  process.settle(4)
  assert.equal(process.held.length, 2)
  world.setClock(T0 - HOUR)
  process.settle(4)
  assert.equal(process.held.length, 2, 'what was started lately still counts')
  world.setClock(T0 - HOUR + WINDOW + SECOND)
  process.settle(4)
  assert.equal(process.held.length, 3)
})

test('a clock that is set back and forth while nobody claims leaves no key waiting for starts that are long over', () => {
  using ground = new Ground()
  using world = new World(ground)
  const process = world.process(0)
  const key = 'rate\nmetered\nk0'
  const gateKeys = { concurrency: null, rate: [key, key, key] }
  process.enqueue([{ ...THREE, task: 'metered', rate: { limit: 2, per: WINDOW }, gateKeys }])
  process.settle(4)
  assert.equal(process.held.length, 2)
  world.setClock(T0 - DAY)
  world.setClock(T0)
  process.settle(4)
  assert.equal(process.held.length, 3)
})

describe('a task that was told to slow down', () => {
  for (const [what, batch] of [
    ['by itself', THREE],
    [
      'by the key of its rate',
      {
        ...THREE,
        task: 'metered',
        rate: { limit: 2, per: WINDOW },
        gateKeys: { rate: ['rate\nmetered\nk0', 'rate\nmetered\nk0', 'rate\nmetered\nk0'] },
      },
    ],
  ] as [string, EnqueueBatch][]) {
    test(`${what} waits for as long as it was told, and not for a clock that was set back`, () => {
      using ground = new Ground()
      using world = new World(ground)
      const process = world.process(0)
      const held = () => process.held.filter((job) => job.task === batch.task).length
      process.enqueue([batch])
      process.settle(1)
      const job = process.release(0)
      process.settler.add({
        kind: 'outcome',
        job,
        outcome: ['rate-limited', job.row[0], T0, 1, HOUR],
        revoked: undefined,
      })
      process.settle(20)
      assert.equal(held(), 0)
      world.setClock(T0 - DAY)
      process.settle(20)
      assert.equal(held(), 0, 'it was told to wait for an hour')
      world.setClock(T0 - DAY + HOUR + SECOND)
      process.settle(20)
      assert.equal(held(), 2)
    })
  }
})
