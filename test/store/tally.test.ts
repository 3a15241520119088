/** What is counted in the transactions that end jobs, and how it is read. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import fc from 'fast-check'
import { BOUNDS, BUCKETS, bucketOf, quantiles } from '../../lib/domain/histogram.ts'
import { Reading } from '../../lib/store/reading.ts'
import { Store } from '../../lib/store/store.ts'
import { freshDatabase } from '../fixtures/folder.ts'

const NOW = 1_800_000_000_000 - (1_800_000_000_000 % 60_000)
const store = new Store(freshDatabase(), 'normal')
const reading = new Reading(store.path)
after(() => {
  reading.close()
  store.close()
})

let stored = 0
/** Stores a job and claims it. */
function claimed(task: string, due: number) {
  const shape = { task, queue: 'q', priority: 0, runAt: null, expiresAt: null, maxAttempts: 9, codec: 'json' as const }
  const rest = { options: null, parentId: null, rootId: null, chosen: false }
  store.inserts.insert({ ...shape, ...rest, ids: [`job-${++stored}`], args: ['[]'] }, due)
  store.claims.start([{ seq: stored, token: stored, freesKey: false }], 1, due)
  return { seq: stored, owner: 1, token: stored, thread: 1, task, queue: 'q', due }
}

describe('the histogram', () => {
  test('puts each time into the bucket that holds it', () => {
    assert.equal(BUCKETS, BOUNDS.length + 1)
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e9, noNaN: true }), (milliseconds) => {
        const bucket = bucketOf(milliseconds)
        assert.ok(milliseconds <= (BOUNDS[bucket] ?? Number.POSITIVE_INFINITY))
        assert.ok(bucket === 0 || milliseconds > (BOUNDS[bucket - 1] as number))
      }),
    )
  })

  test('estimates a quantile within the bucket that the true one lies in', () => {
    assert.equal(quantiles(new Array<number>(BUCKETS).fill(0), [0.5]), null)
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 1_000_000 }), { minLength: 1, maxLength: 200 }),
        fc.constantFrom(0.5, 0.95, 0.99, 1),
        (times, share) => {
          const counts = new Array<number>(BUCKETS).fill(0)
          for (const time of times) (counts[bucketOf(time)] as number)++
          const sorted = [...times].sort((a, b) => a - b)
          const bucket = bucketOf(sorted[Math.ceil(share * times.length) - 1] as number)
          const sum = times.reduce((total, time) => total + time, 0)
          for (const estimate of [...quantiles(counts, [share])!, ...quantiles(counts, [share], sum)!])
            assert.ok(estimate >= (BOUNDS[bucket - 1] ?? 0) && estimate <= (BOUNDS[bucket] as number))
        },
      ),
    )
  })

  test('is near the truth for what always takes the same time', () => {
    for (const time of [7, 41, 1_010, 1_990, 4_000]) {
      const counts = new Array<number>(BUCKETS).fill(0)
      counts[bucketOf(time)] = 40
      for (const share of [0.5, 0.95]) {
        const estimate = quantiles(counts, [share], 40 * time)![0]!
        assert.ok(Math.abs(estimate / time - 1) < 0.6, `${share} of jobs of ${time} ms: ${estimate}`)
      }
    }
    const counts = new Array<number>(BUCKETS).fill(0)
    counts[bucketOf(1_010)] = 40
    assert.ok(quantiles(counts, [0.95], 40 * 1_010)![0]! < 1_020)
    assert.ok(quantiles(counts, [0.5], 40 * 1_990)![0]! > 1_980)
  })
})

describe('the tally', () => {
  test('counts outcomes, retries and deaths by the minute, with run and wait times', () => {
    store.write(() => {
      for (let i = 0; i < 20; i++) {
        const claim = claimed('a', NOW)
        store.settlements.succeed(claim, NOW + 30, NOW + 40, null, i < 18 ? 0.4 : 400)
      }
      store.settlements.retry(claimed('a', NOW), NOW, NOW + 50, '{}', NOW + 100, 3)
      store.settlements.crash(claimed('b', NOW), NOW, NOW, '{}')
      store.settlements.fail(claimed('b', NOW), NOW, NOW + 60_000, '{}', 7)
    })
    const spans = reading.throughput({ minutes: 3 }, NOW + 60_001)
    assert.deepEqual(
      spans.map(({ at, success, failure, retries, crashes }) => [at - NOW, success, failure, retries, crashes]),
      [
        [-60_000, 0, 0, 0, 0],
        [0, 20, 0, 1, 1],
        [60_000, 0, 1, 0, 0],
      ],
    )
    const [, span] = spans
    assert.equal(span?.run?.count, 21)
    assert.ok((span?.run?.p50 ?? 9) <= 1 && (span?.run?.p99 ?? 0) > 200, JSON.stringify(span?.run))
    assert.ok((span?.wait?.p50 ?? 0) > 20 && (span?.wait?.p50 ?? 99) <= 50, JSON.stringify(span?.wait))
    assert.equal(spans[0]?.run, null)
    assert.deepEqual(
      reading.throughput({ minutes: 4, step: 2, task: 'b' }, NOW + 60_001).map(({ failure }) => failure),
      [0, 1],
    )
    assert.deepEqual(
      reading.totals().map(({ task, success, failure }) => [task, success, failure]),
      [
        ['a', 20, 0],
        ['b', 0, 1],
      ],
    )
  })

  test('forgets what a transaction that was undone had counted', () => {
    const before = reading.overview(NOW).states
    assert.throws(() =>
      store.write(() => {
        store.settlements.succeed(claimed('a', NOW), NOW, NOW, null, 1)
        throw new Error('the disk is full')
      }),
    )
    stored--
    store.write(() => {})
    assert.deepEqual(reading.overview(NOW).states, before)
    assert.equal(reading.totals()[0]?.success, 20)
  })

  test('keeps its count of a job that is pruned, and the file counts one less', () => {
    const { SUCCESS } = reading.overview(NOW).states
    const kept = { age: null, count: null }
    const retention = { SUCCESS: { age: 1, count: null }, FAILURE: kept, REVOKED: kept, EXPIRED: kept }
    const page = store.pruning.look(retention, 0, 5, NOW + 1_000_000)
    store.write(() => assert.equal(store.pruning.remove(page, () => 100).removed, 5))
    assert.equal(reading.overview(NOW).states.SUCCESS, SUCCESS - 5)
    assert.equal(reading.totals()[0]?.success, 20)
  })

  test('is folded into days and totals, some at a time, each minute once, whatever the clock does', () => {
    const hour = 3_600_000
    const totalsBefore = reading.totals()
    const fold = (now: number): number => {
      let spans = 0
      while (store.folding.due(now) && store.write(() => store.folding.fold(now))) spans++
      return spans
    }
    assert.equal(fold(NOW), 0, 'the span is not over')
    assert.ok(fold(NOW + 3 * hour) > 0)
    assert.deepEqual(reading.totals(), totalsBefore)
    assert.ok(
      reading.throughput({ minutes: 300 }, NOW + 3 * hour).some(({ success }) => success > 0),
      'minutes stay',
    )

    const count = (now: number): void => {
      store.write(() => void store.settlements.succeed(claimed('late', now), now, now, null, 1))
    }
    count(NOW + 10 * hour)
    count(NOW)
    fold(NOW + 12 * hour)
    count(NOW + 1 * hour)
    fold(NOW + 100 * hour)
    count(NOW + 100 * hour)
    assert.equal(reading.totals().find(({ task }) => task === 'late')?.success, 4)
    assert.ok(reading.throughput({ minutes: 2_880 }, NOW + 40 * hour).every(({ success }) => success === 0))
  })

  test('is read the same by a reader that remembers spans and by one that has only now come', () => {
    const minute = 60_000
    const begin = NOW + 200 * 3_600_000
    const looks = [
      { minutes: 60 },
      { minutes: 120, step: 7 },
      { minutes: 60, task: 'seen' },
      { minutes: 30, queue: 'nowhere' },
    ]
    for (let passed = 0; passed < 90; passed += 9) {
      const now = begin + passed * minute
      store.write(() => {
        store.settlements.succeed(claimed('seen', now), now, now, null, 1)
        // A clock that was set back.
        store.settlements.revoke(claimed('back', now), now, now - 40 * minute, null)
      })
      for (const look of looks) {
        const fresh = new Reading(store.path)
        assert.deepEqual(
          reading.throughput(look, now),
          fresh.throughput(look, now),
          `${passed} min, ${JSON.stringify(look)}`,
        )
        fresh.close()
      }
      // Of one length again and again, as pages ask, and of another between.
      for (const minutes of passed === 45 ? [20, 60, 20] : [20]) {
        const fresh = new Reading(store.path)
        assert.deepEqual(reading.recent(minutes, now), fresh.recent(minutes, now), `${passed} min, ${minutes} of them`)
        assert.deepEqual(reading.totals(), fresh.totals())
        fresh.close()
      }
      if (passed % 2 === 0) while (store.folding.due(now) && store.write(() => store.folding.fold(now)));
    }
    assert.ok(reading.throughput({ minutes: 90 }, begin + 89 * minute).some(({ revoked }) => revoked > 0))
  })

  test('is kept wherever a statement ends a job or deletes one', () => {
    const folder = join(import.meta.dirname, '../../../lib/store')
    const ending = /SET state = '(SUCCESS|FAILURE|REVOKED|EXPIRED)'|DELETE FROM celeriac_jobs/
    const files = (readdirSync(folder, { recursive: true }) as string[]).filter((file) => file.endsWith('.ts'))
    const endings = files.filter((file) => ending.test(readFileSync(join(folder, file), 'utf8')))
    assert.ok(endings.length >= 4, endings.join(', '))
    // Takes back what it has stored in the same transaction, which nothing has counted.
    const uncounted = join('jobs', 'keyed-blocks.ts')
    for (const file of endings)
      if (!file.startsWith('migrations') && file !== uncounted)
        assert.ok(/[tT]ally/.test(readFileSync(join(folder, file), 'utf8')), file)
  })
})
