import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { setImmediate as turnOver } from 'node:timers/promises'
import type { Telling } from '../../lib/engine/disk-sync.ts'
import { Waiters } from '../../lib/engine/waiters.ts'
import { Store } from '../../lib/store/store.ts'
import type { Reply, Settled } from '../../lib/wire/messages.ts'
import { plainBatch } from '../fixtures/batch.ts'
import { freshDatabase } from '../fixtures/folder.ts'

const ENDED: Settled = ['SUCCESS', 'task', 'json', '"done"', null]

describe('who waits for a job', () => {
  let store: Store
  let waiters: Waiters
  let replies: Reply[]
  /** What is told once the disk has it. */
  let owed: Telling[]
  const session = { reply: (reply: Reply) => void replies.push(reply) }

  beforeEach(() => {
    store = new Store(freshDatabase(), 'full')
    store.write(() => {
      store.inserts.insert(plainBatch(['waiting'], { expiresAt: 5 }), 1)
      store.inserts.insert(plainBatch(['other'], { expiresAt: 10 }), 1)
    })
    replies = []
    owed = []
    waiters = new Waiters(store, (telling) => void owed.push(telling))
  })

  afterEach(() => store.close())

  const told = (): string[] =>
    replies.flatMap((reply) => (reply.type === 'settled' ? reply.ended.map(([id, [state]]) => `${id} ${state}`) : []))

  /** As another process does it. */
  const expireBy = (now: number): unknown => store.write(() => store.claims.expire(now, 10))

  it('is told of an end that the next turn writes, once', async () => {
    waiters.wait(['waiting', 'other'], session)
    waiters.settled('waiting', ENDED)
    waiters.flush()
    await turnOver()
    for (const telling of owed) telling()
    assert.deepEqual(told(), ['waiting SUCCESS'])
    assert.equal(waiters.size, 1)
  })

  it('is told of an end that the file held before, not before the disk holds it', async () => {
    waiters.wait(['never stored'], session)
    await turnOver()
    assert.deepEqual([told(), owed.length], [[], 1])
    owed[0]?.()
    assert.deepEqual(told(), ['never stored UNKNOWN'])
    assert.equal(waiters.size, 0)
  })

  it('is told once of an end that is found, and told by the turn that wrote it before the disk holds it', async () => {
    waiters.wait(['never stored'], session)
    await turnOver()
    waiters.settled('never stored', ENDED)
    owed[0]?.()
    assert.deepEqual(told(), ['never stored SUCCESS'])
  })

  it('is not told of what it waits for no longer', async () => {
    waiters.wait(['never stored', 'gone'], session)
    waiters.unwait('gone', session)
    await turnOver()
    waiters.unwait('never stored', session)
    owed[0]?.()
    assert.deepEqual(told(), [])
  })

  it('is told of an end that another process has committed, not before the disk holds it', async () => {
    waiters.wait(['waiting', 'other'], session)
    await turnOver()
    waiters.check()
    assert.equal(owed.length, 0, 'nothing has ended')
    expireBy(5)
    waiters.check()
    // Committed after what is on its way to the disk: not to be told with it.
    expireBy(10)
    assert.deepEqual([told(), owed.length], [[], 1])
    owed[0]?.()
    assert.deepEqual(told(), ['waiting EXPIRED'])
    waiters.check()
    owed[1]?.()
    assert.deepEqual(told(), ['waiting EXPIRED', 'other EXPIRED'])
  })

  it('is not looked up for in a file that was closed', async () => {
    waiters.wait(['never stored'], session)
    store.close()
    await turnOver()
    assert.deepEqual(owed, [])
  })
})
