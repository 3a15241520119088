/** Rates and the clock, in a process that goes on. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { LaneJob } from '../../lib/pool/lane.ts'
import type { EnqueueBatch } from '../../lib/wire/messages.ts'
import { plainBatch } from '../fixtures/batch.ts'
import type { VirtualProcess } from '../torture/model/process.ts'
import { DAY, HOUR, METERS, SECOND, T0, WINDOW } from '../torture/model/setting.ts'
import { Ground, World } from '../torture/model/world.ts'

/** Schedules fire, too, as the clock goes on. */
const ratedOf = ({ held }: VirtualProcess): number => held.filter(({ task }) => task === 'rated').length

const THREE = plainBatch(['one', 'two', 'three'], { task: 'rated', queue: 'a' })

test('a rate that was full does not stay so until the clock has caught up', () => {
  using ground = new Ground()
  using world = new World(ground)
  const process = world.process(0)
  process.enqueue([THREE])
  process.settle(4)
  assert.equal(process.held.length, 2)
  for (const job of process.held) process.settler.began(job, T0 + 1)
  process.settle()
  world.setClock(T0 - HOUR)
  process.settle(4)
  assert.equal(process.held.length, 2, 'what was started lately still counts')
  world.setClock(T0 - HOUR + WINDOW + SECOND)
  process.settle(4)
  assert.equal(process.held.length, 3)
})

test('a job that is claimed and has not begun keeps its place, whatever the clock says, and gives it up to others', () => {
  using ground = new Ground()
  using world = new World(ground)
  const [one, other] = [world.process(0), world.process(1)]
  const held = () => ratedOf(one) + ratedOf(other)
  one.enqueue([THREE])
  one.settle(4)
  for (const at of [T0 + WINDOW, T0 - HOUR, T0 + DAY]) {
    world.setClock(at)
    for (const process of [one, other]) process.settle(4)
    assert.equal(held(), 2)
  }
  const [job, second] = one.held as [LaneJob, LaneJob]
  one.settler.began(job, world.now - WINDOW)
  one.settle()
  other.settle(4)
  assert.equal(held(), 3, 'its window has been over for long')
  one.settler.began(second, world.now)
  one.settle()
  const late = one.enqueue([plainBatch(['four', 'five'], { task: 'rated', queue: 'a' })])
  assert.deepEqual(late, [])
  world.setClock(world.now + WINDOW - 1)
  one.settle(4)
  assert.equal(held(), 3, 'one is claimed, and the window of the other is not over')
  world.setClock(world.now + 1)
  one.settle(4)
  assert.equal(held(), 4)
})

test('what a dead process had claimed gives its place up when it had not begun, and counts from the death when it had', () => {
  using ground = new Ground()
  using world = new World(ground)
  const [one, other] = [world.process(0), world.process(1)]
  one.enqueue([plainBatch(['one', 'two', 'three', 'four'], { task: 'rated', queue: 'a' })])
  one.settle(4)
  world.setClock(T0 + DAY)
  other.settle(4)
  assert.equal(ratedOf(other), 0)
  const row = other.store.processes.all().find(({ id }) => id === one.owner)
  assert.ok(row)
  const token = one.held[0]?.token as number
  other.rescue(row, { tokens: new Map([[token, 1]]), last: new Set([token]), at: T0 + DAY - HOUR })
  other.settle(4)
  assert.equal(ratedOf(other), 2, 'the last began an hour ago at the latest')
})

test('a begin that was told before its process died counts once', () => {
  using ground = new Ground()
  using world = new World(ground)
  const [one, other] = [world.process(0), world.process(1)]
  one.enqueue([plainBatch(['began', 'waits'], { task: 'rated', queue: 'a' })])
  one.settle(2)
  const [began, waits] = one.held as [LaneJob, LaneJob]
  assert.deepEqual([began.id, waits.id], ['began', 'waits'])
  one.settler.began(began, T0)
  one.settle()
  const row = other.store.processes.all().find(({ id }) => id === one.owner)
  assert.ok(row)
  other.rescue(row, { tokens: new Map([[began.token, 1]]), last: new Set(), at: T0 })
  other.settle(2)
  assert.equal(ratedOf(other), 1, 'one of two has begun')
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
  for (const job of process.held) process.settler.began(job, T0 + 1)
  process.settle()
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

test('what waits for a key begins as the window ends of a begin that was told only just before', () => {
  using ground = new Ground()
  using world = new World(ground)
  const process = world.process(0)
  const key = METERS[0]
  process.enqueue([
    {
      ...plainBatch(['first', 'second', 'waits'], { task: 'metered', queue: 'a' }),
      rate: { limit: 2, per: WINDOW },
      gateKeys: { concurrency: null, rate: [key, key, key] },
    },
  ])
  process.settle(2)
  world.now = T0 + WINDOW
  process.settle(1)
  assert.deepEqual(
    process.held.map(({ id }) => id),
    ['first', 'second'],
    'the key is full while nobody says when they began',
  )
  process.settler.began(process.held[0] as LaneJob, T0 + 1)
  process.settle(1)
  world.now = T0 + WINDOW + 1
  process.settle(1)
  assert.deepEqual(process.held[2]?.id, 'waits')
})
