/** A claim promises nothing by itself: lost, the job is claimed again. What a claim's turn ends is told to whoever waits. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { plainBatch } from '../fixtures/batch.ts'
import { SECOND, T0 } from '../torture/model/setting.ts'
import { Ground, World } from '../torture/model/world.ts'

test('what is claimed need not be synced', () => {
  using ground = new Ground()
  using world = new World(ground)
  const process = world.process(0)
  process.enqueue([plainBatch(['one'], { task: 'plain', queue: 'a' })])
  process.settle(1)
  assert.equal(process.held.length, 1)
  assert.equal(process.dispatcher.promises, null)
})

test('an expiry is synced, and the claims after it are not', () => {
  using ground = new Ground()
  using world = new World(ground)
  const process = world.process(0)
  process.enqueue([plainBatch(['late'], { task: 'plain', queue: 'a', expiresAt: T0 + SECOND })])
  world.now = T0 + 2 * SECOND
  process.settle(1)
  assert.equal(process.store.reads.state('late'), 'EXPIRED')
  assert.equal(process.dispatcher.promises, 'soon')
  process.enqueue([plainBatch(['one'], { task: 'plain', queue: 'a' })])
  process.settle(1)
  assert.equal(process.dispatcher.promises, null)
})

test('that a job which became due found no room is synced', () => {
  using ground = new Ground()
  using world = new World(ground)
  const process = world.process(0)
  const key = 'few\nonly'
  process.enqueue([
    plainBatch(['first', 'second'], {
      task: 'few',
      queue: 'a',
      runAt: T0 + SECOND,
      options: '{"discard":true}',
      concurrency: { limit: 1, discard: true },
      gateKeys: { concurrency: [key, key], rate: null },
    }),
  ])
  world.now = T0 + 2 * SECOND
  process.settle(2)
  assert.deepEqual(
    ['first', 'second'].map((id) => process.store.reads.state(id)),
    ['STARTED', 'REVOKED'],
  )
  assert.equal(process.dispatcher.promises, 'soon')
})
