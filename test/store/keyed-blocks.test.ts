/** Jobs with keys that are stored many at once become what they become one by one. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { Store } from '../../lib/store/store.ts'
import type { EnqueueBatch } from '../../lib/wire/messages.ts'
import { plainBatch } from '../fixtures/batch.ts'
import { freshDatabase } from '../fixtures/folder.ts'

const NOW = 1_000

const stores = [new Store(freshDatabase(), 'normal'), new Store(freshDatabase(), 'normal')] as const
after(() => {
  for (const store of stores) store.close()
})
let batches = 0

/** As many keys that most differ, and some that come again. */
const keys = (most: number) => fc.array(fc.integer({ min: 0, max: most }), { minLength: 20, maxLength: 120 })

function becomes(batch: EnqueueBatch, apart: boolean): unknown[] {
  const store = stores[apart ? 1 : 0]
  const one = (i: number): EnqueueBatch => ({
    ...batch,
    ids: [batch.ids[i]!],
    args: [batch.args[i]!],
    ...(batch.keys && { keys: [batch.keys[i]!] }),
    ...(batch.gateKeys && {
      gateKeys: { concurrency: batch.gateKeys.concurrency && [batch.gateKeys.concurrency[i]!], rate: null },
    }),
  })
  const parts = apart ? batch.ids.map((_, i) => one(i)) : [batch]
  return store.write(() => {
    const found = parts.map((part) => store.inserts.insert(part, NOW))
    return [
      batch.ids.map((id) => store.reads.state(id)),
      found.flatMap(({ duplicates }) => duplicates),
      found.flatMap(({ ended }) => ended),
    ]
  })
}

function same(differently: Partial<EnqueueBatch>, of: readonly number[]): void {
  const task = `task ${++batches}`
  const batch = plainBatch(
    of.map((_, i) => `${task} ${i}`),
    { task, ...differently },
  )
  assert.deepEqual(becomes(batch, false), becomes(batch, true))
}

test('jobs with concurrency keys find the same places at once as one by one', () => {
  const rules = fc.record({ limit: fc.integer({ min: 1, max: 3 }), discard: fc.boolean(), scheduled: fc.boolean() })
  fc.assert(
    fc.property(fc.oneof(keys(5), keys(2_000)), rules, (of, { limit, discard, scheduled }) => {
      const gateKeys = { concurrency: of.map((key) => `task ${batches + 1}\n${key}`), rate: null }
      same({ concurrency: { limit, discard }, gateKeys, runAt: scheduled ? NOW + 1_000 : null }, of)
    }),
    { numRuns: 40, seed: 3 },
  )
})

test('unique jobs are refused, or replaced, at once as one by one', () => {
  const rules = fc.constantFrom('existing' as const, 'replace' as const)
  fc.assert(
    fc.property(fc.oneof(keys(5), keys(2_000)), rules, (of, onConflict) => {
      const unique = { until: 'finished' as const, onConflict, within: null, debounce: null }
      same({ unique, keys: of.map(String) }, of)
    }),
    { numRuns: 40, seed: 3 },
  )
})
