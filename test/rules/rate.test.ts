/** Rates: how they are written, and how starts are counted against them. */
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import fc from 'fast-check'
import { formatRate, momentOf, type Rate, toRate } from '../../lib/domain/rate.ts'
import { Store } from '../../lib/store/store.ts'
import { plainBatch } from '../fixtures/batch.ts'
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

const PROCESS = {
  app: 'rates',
  host: 'here',
  pid: 1,
  role: 'all',
  threads: 1,
  tasks: [],
  vitals: { memory: 1, threads: 1, busy: 0, stuck: 0, restarts: 0, engineDelay: 0, appDelay: null },
}

describe('starts', () => {
  const store = new Store(freshDatabase(), 'normal')
  after(() => store.close())
  let buckets = 0
  let token = 0
  let id = 0

  /** New jobs under the rate of a key, claimed. */
  function claimKeyed(rateKey: string, rate: Rate, owner: number, count: number, now: number) {
    const ids = Array.from({ length: count }, () => `${rateKey} ${++id}`)
    const queue = rateKey.slice('rate\n'.length)
    const gateKeys = { concurrency: null, rate: ids.map(() => rateKey) }
    const options = { task: 't', queue, rate: { ...rate, limit: 1_000 }, gateKeys }
    store.inserts.insert(plainBatch(ids, options), now)
    const jobs = store.claims.page(queue, 't', Number.MIN_SAFE_INTEGER, 0, count).map(([seq]) => ({
      seq,
      owner,
      token: ++token,
      task: 't',
      queue,
      rateKey,
      thread: 0,
      freesKey: false,
      keyRate: rate,
    }))
    assert.equal(jobs.length, count)
    store.claims.start(jobs, owner, now)
    return jobs
  }

  for (const of of ['a line', 'a key'] as const)
    test(`of ${of} are never more than the limit in any window, however late they begin and are told, by whichever process, or are given back`, () => {
      const step = fc.record({
        wait: fc.nat(60),
        wanted: fc.integer({ min: 1, max: 4 }),
        // Longer than a window, too: a thread that stands still.
        begins: fc.oneof(fc.nat(15), fc.nat(500)),
        told: fc.oneof(fc.nat(15), fc.nat(500)),
        fate: fc.constantFrom('begins', 'begins', 'is given back'),
      })
      const rates = fc.record({ limit: fc.integer({ min: 1, max: 6 }), per: fc.integer({ min: 1, max: 200 }) })
      const owners = [1, 2].map((n) =>
        store.write(() => store.processes.register({ ...PROCESS, key: `process ${n} of ${of}` }, 1)),
      )
      fc.assert(
        fc.property(rates, fc.array(step, { minLength: 5, maxLength: 40 }), (rate, steps) => {
          const bucket = of === 'a line' ? `queue:b${++buckets}` : `rate\nt\n${++buckets}`
          const began: number[] = []
          const untold: { at: number; tell: () => void }[] = []
          let now = 1_000
          for (const [i, { wait, wanted, begins, told, fate }] of steps.entries()) {
            now += wait
            store.write(() => {
              for (const one of untold.splice(0))
                if (one.at <= now) one.tell()
                else untold.push(one)
              store.rates.flush(now)
              const { free, next } = store.rates.room(bucket, rate, now)
              if (free === 0) assert.ok(next > now, 'there is a moment to wait for')
              if (free === 0) assert.ok(next <= now + rate.per, 'which is near')
              const places = Math.min(free, wanted)
              if (places === 0) return
              const owner = owners[i % 2] as number
              const begin = now + begins
              const known = fate === 'is given back' ? null : begin
              const untell = (tell: () => void): void => {
                if (known !== null) began.push(begin)
                untold.push({ at: begin + told, tell })
              }
              if (of === 'a line') {
                const place = { bucket, rate, owner, at: now }
                store.rates.hold(place, places)
                for (let n = 0; n < places; n++) untell(() => store.rates.settle(place, known, now))
              } else
                for (const job of claimKeyed(bucket, rate, owner, places, now))
                  untell(() => {
                    if (told % 2 === 0) store.settlements.giveBack(job)
                    else store.rates.freeKey(job)
                    store.rates.settleKey(job, rate, known, now)
                  })
            })
          }
          store.write(() => {
            for (const { tell } of untold) tell()
            store.rates.flush(now)
            for (const owner of owners) store.rates.leave(owner, now)
            assert.equal(store.rates.room(bucket, rate, now + 2_000).free, rate.limit, 'no place is lost')
          })
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

  test('that were made before the clock was set back, and are told after it, count from then on', () => {
    const rate = { limit: 2, per: 10_000 }
    store.write(() => {
      store.rates.recordKey('told late', rate, 10_000_000, 5_000_000)
      assert.equal(store.rates.room('told late', rate, 5_010_000).free, 1, 'as one that is told at once')
      assert.equal(store.rates.room('told late', rate, 5_010_002).free, 2)
    })
  })

  test('are deleted once they no longer count, a page at a time, and looked at again when the next ones do not', () => {
    const own = new Store(freshDatabase(), 'normal')
    const { rates } = own
    const live = (bucket: string) => own.write(() => rates.room(bucket, { limit: 10, per: 1_000_000 }, 6_000).free)
    own.write(() => {
      for (let i = 0; i < 25; i++) rates.record(`short ${i}`, { per: 1_000 }, 5_000, 1)
      for (let i = 0; i < 25; i++) rates.record(`short ${i}`, { per: 9_000 }, 5_001, 1)
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
