import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { Estimates } from '../../lib/domain/estimates.ts'
import { BACKLOG_TARGET, LANE_LIMIT, Placement } from '../../lib/engine/placement.ts'
import type { Lane } from '../../lib/pool/lane.ts'

/** As much of a lane as a placement reads. */
function lane(backlog: number, count: number, state: { ready?: boolean; closed?: boolean } = {}): Lane {
  const outstanding = new Map(Array.from({ length: count }, (_, i) => [i, null]))
  return { ready: true, closed: false, ...state, backlog, outstanding } as unknown as Lane
}

describe('placement', () => {
  it('hands a long job to each free lane and no second one behind it', () => {
    const placement = new Placement<string>([lane(0, 0), lane(0, 0)])
    assert.equal(placement.capacity(1_000), 2)
    assert.deepEqual(
      ['a', 'b', 'c'].map((job) => placement.place(job, 1_000)),
      [true, true, false],
    )
    assert.deepEqual([...placement.plan.values()], [['a'], ['b']])
  })

  it('lays short jobs by the dozen, evenly', () => {
    const placement = new Placement<number>([lane(0, 0), lane(0, 0)])
    let placed = 0
    while (placement.place(placed, 0.1)) placed++
    const counts = [...placement.plan.values()].map((jobs) => jobs.length)
    assert.equal(Math.max(...counts) - Math.min(...counts) <= 1, true, String(counts))
    assert.ok(placed > (2 * BACKLOG_TARGET) / 0.1 - 4, `${placed}`)
  })

  it('gives to the lane with the least to do', () => {
    const [busy, idle] = [lane(4, 2), lane(0, 0)]
    const placement = new Placement<string>([busy, idle])
    placement.place('a', 1)
    assert.deepEqual(placement.plan.get(idle), ['a'])
  })

  it('leaves lanes alone that are opening, closed or behind', () => {
    const placement = new Placement<string>([
      lane(0, 0, { ready: false }),
      lane(0, 0, { closed: true }),
      lane(BACKLOG_TARGET + 1, 1),
    ])
    assert.equal(placement.capacity(0.1), 0)
    assert.equal(placement.place('a', 0.1), false)
  })

  it('never fills a lane above its limit, nor promises more than it takes', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.double({ min: 0, max: 20, noNaN: true }), fc.nat(LANE_LIMIT)), {
          minLength: 1,
          maxLength: 4,
        }),
        fc.double({ min: 0.0001, max: 50, noNaN: true }),
        (lanes, expected) => {
          const made = lanes.map(([backlog, count]) => lane(count === 0 ? 0 : backlog, count))
          const placement = new Placement<number>(made)
          const capacity = placement.capacity(expected)
          let placed = 0
          while (placed < 5_000 && placement.place(placed, expected)) placed++
          assert.ok(capacity <= placed + made.length, `promised ${capacity}, took ${placed}`)
          for (const one of made) assert.ok(one.outstanding.size + (placement.plan.get(one)?.length ?? 0) <= LANE_LIMIT)
        },
      ),
    )
  })
})

describe('estimates', () => {
  it('takes an unknown task for a long one', () => {
    assert.ok(new Estimates().of('new') > 100)
  })

  it('learns from the first run', () => {
    const estimates = new Estimates()
    estimates.observe('t', 2)
    assert.equal(estimates.of('t'), 2)
  })

  it('rises fast and falls slowly', () => {
    const estimates = new Estimates()
    estimates.observe('t', 1)
    estimates.observe('t', 2_001)
    const high = estimates.of('t')
    assert.ok(high > 500, `${high}`)
    estimates.observe('t', 1)
    assert.ok(estimates.of('t') > high / 2)
    for (let i = 0; i < 200; i++) estimates.observe('t', 1)
    assert.ok(estimates.of('t') < 2)
  })
})
