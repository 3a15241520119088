/** Debounce and throttle, call by call at any times: what the store does is what the rule says. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import Database from 'better-sqlite3'
import fc from 'fast-check'
import { debouncedUntil, type UniqueRule } from '../../lib/domain/unique.ts'
import { uniqueUntilOf } from '../../lib/store/jobs/claim.ts'
import { Store } from '../../lib/store/store.ts'
import { plainBatch } from '../fixtures/batch.ts'
import { freshDatabase } from '../fixtures/folder.ts'

const BATCH = plainBatch([], { maxAttempts: 3 })

const DEBOUNCE: UniqueRule = { until: 'started', onConflict: 'existing', within: null, debounce: null }

/** Stores one call; returns the id of the job that stands for it. */
function call(store: Store, unique: UniqueRule, key: string, args: string, now: number): string {
  const id = crypto.randomUUID()
  const batch = { ...BATCH, unique, keys: [key], ids: [id], args: [args] }
  return store.write(() => store.inserts.insert(batch, now)).duplicates[0]?.[1] ?? id
}

/** Lets a due job begin. */
function begin(store: Store, now: number): { id: string; args: string }[] {
  return store.write(() => {
    store.claims.promote(now, 0, 100)
    return store.claims.page('queue', 'task', Number.MIN_SAFE_INTEGER, 0, 100).map((row) => {
      store.claims.start([{ seq: row[0], token: 1, freesKey: uniqueUntilOf(row) === 'started' }], 1, now)
      return { id: row[3], args: String(row[4]) }
    })
  })
}

test('a debounced run follows each call by its delay, and the first by no more than maxWait', () => {
  fc.assert(
    fc.property(fc.nat(1e6), fc.nat(1e6), fc.option(fc.nat(1e6)), fc.array(fc.nat(1e5)), (first, delay, more, gaps) => {
      const debounce = { delay, maxWait: more === null ? null : delay + more }
      let now = first
      let runAt = debouncedUntil(debounce, first, now)
      assert.equal(runAt, first + delay)
      for (const gap of gaps) {
        now += gap
        if (now >= runAt) break
        const next = debouncedUntil(debounce, first, now)
        assert.ok(next >= runAt, 'a call never makes it sooner')
        assert.ok(next === now + delay || next === first + delay + (more ?? Number.NaN))
        assert.ok(more === null || next <= first + delay + more)
        runAt = next
      }
    }),
  )
})

describe('the store', () => {
  test('moves a debounced job as the rule says, gives it the last arguments, and begins anew once it has begun', () => {
    const store = new Store(freshDatabase(), 'normal')
    let keys = 0
    let merged = 0
    let begun = 0
    const step = fc.record({ gap: fc.nat(60), delay: fc.integer({ min: 1, max: 50 }), claims: fc.boolean() })
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 2, maxLength: 25 }),
        fc.option(fc.integer({ min: 50, max: 120 })),
        (steps, maxWait) => {
          const key = `key ${++keys}`
          let now = keys * 1e6
          let pending: { id: string; first: number; runAt: number; args: string } | null = null
          for (const [i, { gap, delay, claims }] of steps.entries()) {
            now += gap
            if (claims) {
              const expected: { id: string; args: string }[] =
                pending && pending.runAt <= now ? [{ id: pending.id, args: pending.args }] : []
              assert.deepEqual(begin(store, now), expected)
              if (expected.length > 0) pending = null
              begun += expected.length
            }
            const args = `[${i}]`
            const debounce = { delay, maxWait }
            const id = call(store, { ...DEBOUNCE, debounce }, key, args, now)
            if (pending) assert.equal(id, pending.id)
            merged += pending ? 1 : 0
            const first: number = pending?.first ?? now
            pending = { id, first, args, runAt: Math.min(now + delay, maxWait === null ? Infinity : first + maxWait) }
            const row = store.reads.job(id)!
            assert.deepEqual([row.state, row.runAt, row.args], ['SCHEDULED', pending.runAt, args])
          }
          now += 1_000
          assert.deepEqual(begin(store, now), [{ id: pending!.id, args: pending!.args }])
        },
      ),
      { numRuns: 150, seed: 20_261_122 },
    )
    store.close()
    assert.ok(merged > 500 && begun > 100, `${merged} calls merged, ${begun} jobs begun between them`)
  })

  test('leaves a debounced job that is due where it stands, with the last arguments', () => {
    const store = new Store(freshDatabase(), 'normal')
    const rule = { ...DEBOUNCE, debounce: { delay: 10, maxWait: null } }
    const id = call(store, rule, 'key', '[1]', 100)
    store.write(() => store.claims.promote(110, 0, 100))
    assert.equal(call(store, rule, 'key', '[2]', 115), id)
    const row = store.reads.job(id)!
    assert.deepEqual([row.state, row.runAt, row.args], ['PENDING', 110, '[2]'])
    store.close()
  })

  test('stores the first of each key in a batch of any length, or the last with replace', () => {
    const store = new Store(freshDatabase(), 'normal')
    const keys = fc.array(fc.nat(60), { minLength: 1, maxLength: 120, size: 'max' })
    const conflict = fc.constantFrom('existing' as const, 'replace' as const, 'error' as const)
    let batches = 0
    fc.assert(
      fc.property(keys, conflict, fc.boolean(), (numbers, onConflict, chosen) => {
        const task = `task ${++batches}`
        const rule: UniqueRule = { until: 'finished', onConflict, within: null, debounce: null }
        const ids = numbers.map(() => crypto.randomUUID())
        const batch = { ...BATCH, task, unique: rule, chosen, ids, args: numbers.map((n) => `[${n}]`) }
        const { duplicates, ended } = store.write(() =>
          store.inserts.insert({ ...batch, keys: numbers.map((n) => `key ${n}`) }, batches),
        )
        const states = ids.map((id) => store.reads.job(id)?.state ?? null)
        if (onConflict === 'error' && new Set(numbers).size < numbers.length) {
          assert.deepEqual(new Set(states), new Set([null]))
          assert.equal(duplicates.filter(([, , refused]) => refused).length, ids.length)
          return
        }
        for (const [i, n] of numbers.entries()) {
          const duplicate = duplicates.find(([id]) => id === ids[i])
          if (onConflict === 'replace') {
            assert.equal(states[i], i === numbers.lastIndexOf(n) ? 'PENDING' : 'REVOKED')
            assert.equal(duplicate, undefined)
          } else if (i === numbers.indexOf(n)) assert.deepEqual([states[i], duplicate], ['PENDING', undefined])
          else assert.deepEqual([states[i], duplicate], [null, [ids[i], ids[numbers.indexOf(n)], false]])
        }
        assert.equal(ended.length, states.filter((state) => state === 'REVOKED').length)
      }),
      { numRuns: 60, seed: 20_261_122 },
    )
    store.close()
  })

  test('takes the first call of each period of a throttled task, and forgets periods that are over', () => {
    const file = freshDatabase()
    const store = new Store(file, 'normal')
    const rule: UniqueRule = { until: 'started', onConflict: 'existing', within: 100, debounce: null }
    let now = 1
    const last = new Map<string, { at: number; id: string }>()
    const taken = new Map<string, number>()
    fc.assert(
      fc.property(fc.nat(12), fc.nat(40), (n, gap) => {
        now += gap
        const key = `key ${n}`
        const known = last.get(key)
        const id = call(store, rule, key, '[]', now)
        if (known && now < known.at + 100) assert.equal(id, known.id)
        else {
          assert.notEqual(id, known?.id)
          last.set(key, { at: now, id })
          taken.set(key, (taken.get(key) ?? 0) + 1)
        }
        begin(store, now)
      }),
      { numRuns: 1_000, seed: 20_261_122 },
    )
    assert.ok(Math.min(...taken.values()) > 10)
    for (let i = 0; i < 200; i++) call(store, rule, `other ${i}`, '[]', now + 1_000 + i)
    store.close()
    const db = new Database(file)
    const left = db.prepare('SELECT count(*) FROM celeriac_unique_windows').pluck().get() as number
    db.close()
    assert.ok(left <= 102, `${left} windows are left of those that are over`)
  })
})
