/** Rates and a wall clock that is set back, in a process that goes on. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EnqueueBatch } from '../../lib/wire/messages.ts'
import { HOUR, SECOND, T0, WINDOW } from '../torture/model/setting.ts'
import { Ground, World } from '../torture/model/world.ts'

const THREE: EnqueueBatch = {
  task: 'rated',
  queue: 'a',
  priority: 0,
  runAt: null,
  expiresAt: null,
  maxAttempts: 1,
  codec: 'json',
  options: null,
  parentId: null,
  rootId: null,
  chosen: false,
  ids: ['one', 'two', 'three'],
  args: ['[]', '[]', '[]'],
}

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
