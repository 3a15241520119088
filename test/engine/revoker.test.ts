/** What the revoker does with a job that lies in a thread's line. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MainRuns } from '../../lib/engine/main-runs.ts'
import { Rescuer } from '../../lib/engine/rescuer.ts'
import { Revoker } from '../../lib/engine/revoker.ts'
import { Settler } from '../../lib/engine/settler.ts'
import { Lane, type LaneJob } from '../../lib/pool/lane.ts'
import { Store } from '../../lib/store/store.ts'
import { NEXT_CELL } from '../../lib/wire/messages.ts'
import { plainBatch } from '../fixtures/batch.ts'
import { freshDatabase } from '../fixtures/folder.ts'

const OWNER = 7

function storedJobs(store: Store, count: number): LaneJob[] {
  const ids = Array.from({ length: count }, (_, i) => `job ${i}`)
  const shape = { task: 'task', queue: 'queue', priority: 0, runAt: null, expiresAt: null, maxAttempts: 1 } as const
  const rest = { codec: 'json', options: null, parentId: null, rootId: null, chosen: false } as const
  store.write(() => {
    store.inserts.insert({ ...shape, ...rest, ids, args: ids.map(() => '[]') }, 1)
    store.claims.start(
      ids.map((_, i) => ({ seq: i + 1, token: i + 1, freesKey: false })),
      OWNER,
      2,
    )
  })
  return ids.map(
    (id, i) =>
      ({ id, seq: i + 1, owner: OWNER, token: i + 1, task: 'task', queue: 'queue', row: [0], expected: 1 }) as never,
  )
}

test('one that was not begun is taken back, the others are moved on, and one that runs is told', () => {
  const store = new Store(freshDatabase(), 'normal')
  const jobs = storedJobs(store, 5)
  const lane = new Lane(0, 0, 0)
  lane.run(jobs)
  const told: number[] = []
  lane.cancel = (position) => void told.push(position)
  Atomics.store(lane.cells, NEXT_CELL, 2)
  const taken: [string[], string[]][] = []
  const revoker = new Revoker({
    store,
    main: new MainRuns(() => {}),
    standing: { owner: OWNER, pool: { lanes: [lane] } } as never,
    waiters: null as never,
    announcer: null as never,
    takenBack: (revoked, others) => taken.push([revoked.map(({ id }) => id), others.map(({ id }) => id)]),
  })
  revoker.look()
  store.write(() => {
    store.revocations.revoke('job 1', false, null, 3)
    store.revocations.revoke('job 3', false, 'why', 3)
  })
  revoker.look()
  assert.deepEqual(taken, [[['job 3'], ['job 2', 'job 4']]])
  assert.deepEqual(
    jobs.map(({ id }) => revoker.holds(id)),
    [true, true, false, false, false],
  )
  assert.deepEqual(told, [1])
  revoker.look()
  assert.deepEqual([taken.length, told], [1, [1]], 'asked again, it has done its part')
  assert.deepEqual(
    [...lane.outstanding.values()].map(({ id }) => id),
    ['job 0', 'job 1'],
  )
  lane.port.close()
  store.close()
})

test('a job that waits again ends, when it was to be revoked and nobody had heard of it', () => {
  const store = new Store(freshDatabase(), 'normal')
  const jobs = storedJobs(store, 4)
  const told: string[] = []
  const settler = new Settler(store, {
    waiting: () => {},
    slowDown: () => {},
    roomier: () => {},
    followed: () => {},
    revoked: (ended) => void told.push(...ended.map(({ id }) => id)),
    ended: () => {},
    retried: () => {},
    lostLease: () => assert.fail('the lease was held'),
  })
  store.write(() => {
    for (const id of ['job 0', 'job 1', 'job 2']) store.revocations.revoke(id, false, `why ${id}`, 3)
  })
  const error = { name: 'Error', message: 'no' }
  const outcome = { kind: 'outcome', revoked: undefined } as const
  for (const job of jobs)
    Object.assign(job, { crashes: 0, concurrencyKey: null, places: null, keyRate: null, thread: 1 })
  settler.add({ ...outcome, job: jobs[0]!, outcome: ['retry', 0, 2, 1, error, 1_000] })
  settler.add({ kind: 'crash', job: jobs[1]!, error, startedAt: 2, fatal: false })
  settler.add({ kind: 'give-back', job: jobs[2]! })
  settler.add({ ...outcome, job: jobs[3]!, outcome: ['retry', 0, 2, 1, error, 1_000] })
  store.write(() => settler.write(5))
  settler.committed(5)()
  const seen = jobs.map(({ id }) => store.reads.job(id)!)
  assert.deepEqual(
    seen.map(({ state, revokeReason }) => [state, revokeReason]),
    [
      ['REVOKED', 'why job 0'],
      ['REVOKED', 'why job 1'],
      ['REVOKED', 'why job 2'],
      ['RETRY', null],
    ],
  )
  assert.deepEqual(told, ['job 0', 'job 1', 'job 2'])
  store.close()
})

test('jobs of unknown processes come back in the order in which these began, so that what a revoked one enqueued goes with it', () => {
  const store = new Store(freshDatabase(), 'normal')
  const [older, younger] = [3, 8]
  store.write(() => {
    store.inserts.insert(plainBatch(['parent']), 1)
    store.inserts.insert(plainBatch(['child'], { parentId: 'parent', rootId: 'parent' }), 1)
    store.claims.start([{ seq: 1, token: 1, freesKey: false }], younger, 2)
    store.claims.start([{ seq: 2, token: 1, freesKey: false }], older, 2)
    store.revocations.revoke('parent', false, null, 3)
  })
  store.write(() => new Rescuer(store, new Map()).rescueStrays(4))
  assert.deepEqual(
    ['parent', 'child'].map((id) => store.reads.state(id)),
    ['REVOKED', 'REVOKED'],
  )
  store.close()
})
