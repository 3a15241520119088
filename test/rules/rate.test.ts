/** Rates: how they are written, and how starts are counted against them. */
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import fc from 'fast-check'
import { formatRate, momentOf, toRate } from '../../lib/domain/rate.ts'
import { Store } from '../../lib/store/store.ts'
import { freshDatabase } from '../fixtures/folder.ts'

describe('a rate', () => {
  test('is a count in a unit, or in a duration', () => {
    assert.deepEqual(toRate('10/s', 'r'), { limit: 10, per: 1_000 })
    assert.deepEqual(toRate('100/m', 'r'), { limit: 100, per: 60_000 })
    assert.deepEqual(toRate('5/h', 'r'), { limit: 5, per: 3_600_000 })
    assert.deepEqual(toRate('1/d', 'r'), { limit: 1, per: 86_400_000 })
    assert.deepEqual(toRate('3/1m30s', 'r'), { limit: 3, per: 90_000 })
    assert.deepEqual(toRate({ limit: 2, per: '10s' }, 'r'), { limit: 2, per: 10_000 })
    for (const text of ['10/s', '100/m', '5/h', '1/d', '3/1m30s']) assert.equal(formatRate(toRate(text, 'r')), text)
  })

  for (const wrong of ['10', '10/', '/s', '0/s', '-1/s', '1.5/s', 's/10', '10/x', '1/0s', 10, null, {}, { limit: 1 }]) {
    test(`is not ${JSON.stringify(wrong)}`, () => {
      assert.throws(() => toRate(wrong, 'rateLimit'), { code: 'INVALID_OPTION', message: /^rateLimit/ })
    })
  }
})

describe('starts', () => {
  const store = new Store(freshDatabase(), 'normal')
  after(() => store.close())
  let buckets = 0

  test('are never more than the limit in any window, whenever they are asked for, begin, or are given back', () => {
    const step = fc.record({
      wait: fc.nat(60),
      wanted: fc.integer({ min: 1, max: 4 }),
      begins: fc.nat(15),
      dropped: fc.boolean(),
    })
    const rates = fc.record({ limit: fc.integer({ min: 1, max: 6 }), per: fc.integer({ min: 1, max: 200 }) })
    fc.assert(
      fc.property(rates, fc.array(step, { minLength: 5, maxLength: 40 }), (rate, steps) => {
        const bucket = `b${++buckets}`
        const began: number[] = []
        let now = 1_000
        for (const { wait, wanted, begins, dropped } of steps) {
          now += wait
          store.write(() => {
            const { free, next } = store.rates.room(bucket, rate, now)
            if (free === 0) assert.ok(next > now, 'there is a moment to wait for')
            for (let i = 0; i < Math.min(free, wanted); i++) {
              const start = { bucket, rate, at: momentOf(rate, now) }
              store.rates.record(bucket, rate, start.at, 1)
              store.rates.correct(start, dropped ? null : now + begins)
              if (!dropped) began.push(now + begins)
            }
            store.rates.flush()
          })
          // What began has been told before the next one asks.
          now += begins
        }
        began.sort((a, b) => a - b)
        for (let i = rate.limit; i < began.length; i++)
          assert.ok(began[i]! - began[i - rate.limit]! >= rate.per, `${began} at ${JSON.stringify(rate)}`)
      }),
      { numRuns: 150, seed: 7 },
    )
  })

  test('of many are kept in few rows, and count for no less than their window', () => {
    const rate = { limit: 100_000, per: 1_000 }
    const bucket = 'many'
    store.write(() => {
      for (let now = 5_000; now < 6_000; now++) store.rates.record(bucket, rate, momentOf(rate, now), 100)
      assert.equal(store.rates.room(bucket, rate, 6_000).free, 100)
      assert.equal(store.rates.room(bucket, rate, 5_999).free, 0)
    })
  })

  test('do not hold anybody up for long when the clock is set back', () => {
    const rate = { limit: 2, per: 1_000 }
    store.write(() => {
      store.rates.record('clock', rate, 10_000_000, 2)
      const { free, next } = store.rates.room('clock', rate, 5_000_000)
      assert.deepEqual([free, next], [0, 5_001_000])
      assert.equal(store.rates.room('clock', rate, 5_001_000).free, 2)
    })
  })

  test('are deleted once they no longer count, a page at a time, and looked at again when the next ones do not', () => {
    const own = new Store(freshDatabase(), 'normal')
    const { rates } = own
    const live = (bucket: string) => own.write(() => rates.room(bucket, { limit: 10, per: 1_000_000 }, 6_000).free)
    own.write(() => {
      for (let i = 0; i < 25; i++) rates.record(`short ${i}`, { limit: 9, per: 1_000 }, 5_000, 1)
      for (let i = 0; i < 25; i++) rates.record(`short ${i}`, { limit: 9, per: 9_000 }, 5_001, 1)
    })
    assert.equal(rates.prunable(6_000), true)
    let pages = 1
    while (own.write(() => rates.prune(6_000, 10))) pages++
    assert.equal(pages, 6)
    for (let i = 0; i < 25; i++) assert.equal(live(`short ${i}`), 9, 'one of two is left')
    assert.deepEqual(
      [6_001, 14_000, 14_001].map((now) => rates.prunable(now)),
      [false, false, true],
    )
    assert.equal(rates.prunable(-100_000), true, 'a clock that was set back keeps nobody from it')
    while (own.write(() => rates.prune(14_001, 10)));
    assert.equal(rates.any(), false)
    own.close()
  })
})
