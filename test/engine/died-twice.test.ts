/** A job that died twice runs with nothing beside it, so that its third death can only be its own. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { plainBatch } from '../fixtures/batch.ts'
import type { VirtualProcess } from '../torture/model/process.ts'
import { T0 } from '../torture/model/setting.ts'
import { Ground, World } from '../torture/model/world.ts'

const PLENTY = 8

const held = (process: VirtualProcess): string[] => process.held.map(({ id }) => id)
const store = (process: VirtualProcess, ...ids: string[]): void => {
  assert.deepEqual(process.enqueue([plainBatch(ids, { task: 'plain', queue: 'a' })]), [])
}

function succeed(process: VirtualProcess, id: string): void {
  const job = process.release(held(process).indexOf(id))
  process.settler.add({ kind: 'outcome', job, outcome: ['success', job.position, T0, 1, 'null'], revoked: undefined })
  process.settle()
}

function dieTwice(process: VirtualProcess, id: string): void {
  for (let deaths = 0; deaths < 2; deaths++) {
    process.settle(1)
    const job = process.release(held(process).indexOf(id))
    process.settler.add({ kind: 'crash', job, error: { name: 'E', message: 'died' }, startedAt: T0, fatal: false })
    process.settle()
  }
}

test('what comes while it runs waits for its end', () => {
  using ground = new Ground()
  using world = new World(ground)
  const process = world.process(0)
  store(process, 'poison')
  dieTwice(process, 'poison')
  process.settle(PLENTY)
  assert.deepEqual(held(process), ['poison'])
  store(process, 'beside', 'another')
  process.settle(PLENTY)
  assert.deepEqual(held(process), ['poison'])
  succeed(process, 'poison')
  process.settle(PLENTY)
  assert.deepEqual(held(process), ['beside', 'another'])
})

test('it waits for the end of what runs, which nothing follows, and is claimed with nothing behind it', () => {
  using ground = new Ground()
  using world = new World(ground)
  const process = world.process(0)
  store(process, 'running')
  process.settle(1)
  store(process, 'poison')
  dieTwice(process, 'poison')
  store(process, 'behind', 'another')
  process.settle(PLENTY)
  assert.deepEqual(held(process), ['running'])
  process.enqueue([plainBatch(['urgent'], { task: 'plain', queue: 'a', priority: 9 })])
  process.settle(PLENTY)
  assert.deepEqual(held(process), ['running'], 'whatever overtakes it would keep it waiting')
  succeed(process, 'running')
  process.settle(PLENTY)
  assert.deepEqual(held(process), ['urgent'])
  succeed(process, 'urgent')
  process.settle(PLENTY)
  assert.deepEqual(held(process), ['poison'])
  succeed(process, 'poison')
  process.settle(PLENTY)
  assert.deepEqual(held(process), ['behind', 'another'])
})
