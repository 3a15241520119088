import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { Lane, type LaneJob } from '../../lib/pool/lane.ts'
import { NEXT_CELL, type RunRow } from '../../lib/wire/messages.ts'

const lanes: Lane[] = []

function laneWith(jobs: number): Lane {
  const lane = new Lane(0, 10, 0)
  lanes.push(lane)
  lane.run(Array.from({ length: jobs }, (_, i) => job(i)))
  return lane
}

function job(i: number): LaneJob {
  const row: RunRow = [0, i, `id-${i}`, 't', 'q', 1, 1, 0, 0, null, null, null, 'json', null, '[]']
  return {
    seq: i,
    owner: 1,
    token: i,
    id: `id-${i}`,
    task: 't',
    queue: 'q',
    concurrencyKey: null,
    rateKey: null,
    freesKey: false,
    places: null,
    keyRate: null,
    takenBack: false,
    thread: null,
    attempt: 1,
    crashes: 0,
    position: 0,
    plain: null,
    due: 0,
    row,
    slot: null,
    codec: 'json',
    options: null,
    expected: 2,
    timeLimit: null,
    softTimeLimit: null,
    warned: false,
  }
}

/** What the thread does when it begins the next job. */
const begin = (lane: Lane): number => Atomics.add(lane.cells, NEXT_CELL, 1)
const ids = (jobs: LaneJob[]): string[] => jobs.map(({ id }) => id)

describe('lane', () => {
  afterEach(() => {
    for (const { port, remotePort } of lanes.splice(0)) {
      port.close()
      remotePort.close()
    }
  })

  it('counts positions on from where its slot left off', () => {
    const lane = laneWith(3)
    assert.deepEqual([...lane.outstanding.keys()], [10, 11, 12])
    assert.equal(lane.position, 13)
    assert.equal(lane.backlog, 6)
  })

  it('takes back what was not begun, and only that', () => {
    const lane = laneWith(4)
    begin(lane)
    begin(lane)
    assert.deepEqual(ids(lane.takeBack()), ['id-2', 'id-3'])
    assert.deepEqual([...lane.outstanding.keys()], [10, 11])
    assert.deepEqual(lane.takeBack(), [])
    assert.equal(lane.backlog, 4)
  })

  it('leaves the thread nothing of what it took back', () => {
    const lane = laneWith(2)
    begin(lane)
    lane.takeBack()
    assert.equal(Atomics.load(lane.cells, NEXT_CELL), 12)
    lane.run([job(9)])
    assert.deepEqual([...lane.outstanding.keys()], [10, 12])
  })

  it('knows which job runs', () => {
    const lane = laneWith(2)
    assert.equal(lane.running, -1)
    begin(lane)
    assert.equal(lane.running, 10)
    assert.equal(lane.finish(10, 5)?.id, 'id-0')
    assert.equal(lane.running, -1)
  })

  it('ignores an outcome of a job it does not hold', () => {
    const lane = laneWith(1)
    assert.equal(lane.finish(99, 0), undefined)
    assert.equal(lane.outstanding.size, 1)
  })

  it('counts looks at a cursor that stands still, only while somebody waits behind it', () => {
    const lane = laneWith(2)
    begin(lane)
    assert.deepEqual([lane.stillFor(), lane.stillFor(), lane.stillFor()], [0, 1, 2])
    begin(lane)
    assert.deepEqual([lane.stillFor(), lane.stillFor()], [0, 0])
  })

  it('is full while a job runs that was expected to be short', () => {
    const lane = laneWith(3)
    begin(lane)
    lane.expectLong(1_000)
    lane.takeBack()
    assert.equal(lane.backlog, 1_000)
    lane.finish(10, 0)
    assert.equal(lane.backlog, 0)
  })
})
