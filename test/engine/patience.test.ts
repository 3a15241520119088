/** When the ends of jobs wait for each other, and what becomes of the turn that they wait for. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { DiskSync, Promised } from '../../lib/engine/disk-sync.ts'
import { LONGEST, patience } from '../../lib/engine/patience.ts'
import { type Participant, TurnLoop } from '../../lib/engine/turn.ts'
import type { LaneJob } from '../../lib/pool/lane.ts'
import type { Store } from '../../lib/store/store.ts'
import { until } from '../fixtures/until.ts'

const lane = (backlog: number, runningFor = 0, state: { jobs?: number; ready?: boolean; closed?: boolean } = {}) => {
  const { jobs = 1, ready = true, closed = false } = state
  const outstanding = new Map(Array.from({ length: jobs }, (_, i) => [i, null as unknown as LaneJob]))
  return { ready, closed, outstanding, backlog, runningFor }
}

describe('the ends of jobs', () => {
  it('wait while every thread has enough to do, and no longer than the longest', () => {
    assert.equal(patience([lane(1_000), lane(1_000)]), LONGEST)
    const wait = patience([lane(8), lane(1_000)])
    assert.ok(wait > 0 && wait < LONGEST, `${wait}`)
  })

  it('do not wait when a thread has nothing to do, or soon will', () => {
    assert.equal(patience([lane(0, 0, { jobs: 0 }), lane(1_000)]), 0)
    assert.equal(patience([lane(2), lane(1_000)]), 0)
    assert.equal(patience([lane(1_000, 999), lane(1_000)]), 0, 'the running job is about to end')
    assert.equal(patience([lane(3, 90), lane(1_000)]), 0, 'nor behind a job that runs too long')
    assert.equal(patience([]), 0)
  })

  it('do not heed threads that take no jobs', () => {
    const others = [lane(0, 0, { jobs: 0, ready: false }), lane(0, 0, { jobs: 0, closed: true })]
    assert.equal(patience([lane(1_000), ...others]), LONGEST)
    assert.equal(patience(others), 0)
  })
})

describe('a turn that is waited for', () => {
  function loop() {
    const owed: Promised[] = []
    let turns = 0
    let wanted = false
    const outcomes: Participant = {
      promises: 'soon',
      pending: () => wanted,
      write: () => {
        wanted = false
      },
      committed: () => () => {},
      failed: () => {},
    }
    const store = { write: (work: () => void) => work() } as unknown as Store
    const disk = { owe: (promised: Promised) => owed.push(promised), tell: () => {}, pay: () => {}, settle: () => {} }
    const clock = { now: () => Date.now(), monotonic: () => performance.now() }
    const counted = (worked: boolean): void => {
      if (worked) turns++
    }
    const turnLoop = new TurnLoop(store, clock as never, [outcomes], disk as unknown as DiskSync, counted)
    const want = (): void => {
      wanted = true
    }
    return { turnLoop, owed, want, turns: () => turns }
  }

  it('comes by itself, and syncs what waited for it at once', async () => {
    const { turnLoop, owed, want, turns } = loop()
    want()
    turnLoop.requestWithin(3)
    turnLoop.requestWithin(1_000_000)
    await until(() => turns() === 1, 'the turn')
    assert.deepEqual(owed, ['now'])
    want()
    turnLoop.request()
    await until(() => turns() === 2, 'the next turn')
    assert.deepEqual(owed, ['now', 'soon'], 'what did not wait may wait for its sync')
    turnLoop.finish()
  })

  it('comes with one that somebody asks for, and not again', async () => {
    const { turnLoop, want, turns } = loop()
    want()
    turnLoop.requestWithin(1_000_000)
    turnLoop.request()
    await until(() => turns() === 1, 'the turn')
    want()
    turnLoop.requestWithin(1_000_000)
    turnLoop.requestWithin(3)
    await until(() => turns() === 2, 'the next turn')
    turnLoop.finish()
  })
})
