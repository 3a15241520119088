/** When a thread that was told to end counts as stuck. */
import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { test } from 'node:test'
import { LeavingThreads } from '../../lib/pool/leaving.ts'

test('one that was ready counts as stuck after a second, one that was still beginning much later', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const counts: number[] = []
  const leaving = new LeavingThreads((stuck) => counts.push(stuck))
  const [ready, beginning, quick] = [new EventEmitter(), new EventEmitter(), new EventEmitter()]
  leaving.add(ready as never, true)
  leaving.add(beginning as never, false)
  leaving.add(quick as never, true)
  quick.emit('exit')
  t.mock.timers.tick(1_000)
  assert.deepEqual(counts, [0, 1])
  t.mock.timers.tick(18_999)
  assert.deepEqual(counts, [0, 1])
  t.mock.timers.tick(1)
  assert.deepEqual(counts, [0, 1, 2])
  beginning.emit('exit')
  ready.emit('exit')
  assert.deepEqual([counts, leaving.size], [[0, 1, 2, 1, 0], 0])
})
