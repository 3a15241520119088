import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { Reading } from '../../lib/store/reading.ts'
import { Store } from '../../lib/store/store.ts'
import type { Retention } from '../../lib/wire/care.ts'
import { newJobId } from '../../lib/wire/job-id.ts'
import { plainBatch } from '../fixtures/batch.ts'

const NOW = 1_000_000
const keep = (age: number | null, count: number | null = null) => ({ age, count })
const RETENTION: Retention = { SUCCESS: keep(1_000), FAILURE: keep(5_000), REVOKED: keep(null), EXPIRED: keep(1_000) }
const FOREVER: Retention = { SUCCESS: keep(null), FAILURE: keep(null), REVOKED: keep(null), EXPIRED: keep(null) }

describe('pruning', () => {
  let folder: string
  let store: Store

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'celeriac-prune-'))
    store = new Store(join(folder, 'jobs.db'), 'normal')
  })

  afterEach(() => {
    store.close()
    rmSync(folder, { recursive: true, force: true })
  })

  /** Stores jobs of one moment and ends them as told. */
  function jobs(count: number, at: number, end: 'succeed' | 'fail' | 'revoke' | null): string[] {
    const ids = Array.from({ length: count }, () => newJobId(at))
    store.write(() => {
      store.inserts.insert(plainBatch(ids, { task: 't', queue: 'q' }), at)
      if (end === null) return
      for (const id of ids) {
        if (end === 'revoke') store.revocations.revoke(id, false, null, at)
        else {
          const row = store.claims.page('q', 't', Number.MIN_SAFE_INTEGER, 0, 100).find((r) => r[3] === id)
          assert.ok(row)
          store.claims.start([{ seq: row[0], token: row[0], freesKey: false }], 1, at)
          const claim = { seq: row[0], owner: 1, token: row[0], thread: 1, task: 't', queue: 'q' }
          if (end === 'succeed') store.settlements.succeed(claim, at, at, '1')
          else store.settlements.fail(claim, at, at, '{"name":"Error","message":"no"}')
        }
      }
    })
    return ids
  }

  const left = (ids: string[]): number => ids.filter((id) => store.reads.state(id) !== null).length

  function pruneOnce(after = 0, limit = 100, retention = RETENTION): number {
    const page = store.pruning.look(retention, after, limit, NOW)
    store.write(() => store.pruning.remove(page, () => 100))
    return page.next
  }

  it('takes the lines of a job along, and none of another, in the order of their attempts and parts', () => {
    const [old, young] = [jobs(1, NOW - 2_000, 'succeed')[0]!, jobs(1, NOW, 'succeed')[0]!]
    const line = (text: string): string => JSON.stringify([1, 0, 1, text])
    store.write(() => {
      for (const seq of [1, 2]) {
        store.logs.add(seq, 2, 0, line('c'))
        store.logs.add(seq, 1, 0, line('a'))
        store.logs.add(seq, 1, 1, line('b'))
        // Given back, and begun again.
        store.logs.add(seq, 2, 0, line('d'))
        store.logs.add(seq, 5_000, 2_000, line('e'))
        store.logs.add(seq, 6_000, 2_001, line('f'))
      }
    })
    const texts = (id: string) => store.logs.of(id).map(({ text }) => text)
    assert.deepEqual([texts(old), texts(young)], [[...'abcdef'], [...'abcdef']])
    const page = store.pruning.look(RETENTION, 0, 100, NOW)
    store.write(() => store.pruning.remove(page, () => 100))
    assert.deepEqual([texts(old), texts(young)], [[], [...'abcdef']])
  })

  it('deletes what is past its own retention, and nothing else', () => {
    const old = {
      succeed: jobs(3, NOW - 2_000, 'succeed'),
      fail: jobs(3, NOW - 2_000, 'fail'),
      revoke: jobs(3, NOW - 2_000, 'revoke'),
    }
    const waiting = jobs(3, NOW - 9_000, null)
    const young = jobs(3, NOW - 500, 'succeed')
    pruneOnce()
    assert.deepEqual([old.succeed, old.fail, old.revoke, waiting, young].map(left), [0, 3, 3, 3, 3])
  })

  it('deletes the attempts of a pruned job with it', () => {
    const [id] = jobs(1, NOW - 6_000, 'fail')
    assert.equal(store.reads.job(id as string)?.attempts.length, 1)
    pruneOnce()
    assert.equal(store.reads.state(id as string), null)
  })

  it('walks page by page, and begins anew when the rest is too young', () => {
    const old = jobs(5, NOW - 6_000, 'succeed')
    jobs(5, NOW - 10, 'succeed')
    let next = pruneOnce(0, 2)
    assert.equal(left(old), 3)
    assert.ok(next > 0)
    next = pruneOnce(next, 2)
    assert.equal(left(old), 1)
    next = pruneOnce(next, 2)
    assert.equal(left(old), 0)
    assert.equal(next, 0)
  })

  it('remembers up to when jobs may have been pruned', () => {
    assert.equal(store.pruning.until(), 0)
    jobs(1, NOW - 6_000, 'succeed')
    pruneOnce()
    assert.equal(store.pruning.until(), NOW - 6_000)
  })

  it('prunes nothing when everything is kept for ever', () => {
    const old = jobs(2, 1, 'succeed')
    assert.equal(pruneOnce(0, 100, FOREVER), 0)
    assert.equal(left(old), 2)
  })

  it('keeps no more of a state than its count, and of those the youngest', () => {
    const old = jobs(4, NOW - 900, 'succeed')
    const failed = jobs(4, NOW - 800, 'fail')
    const young = jobs(4, NOW - 700, 'succeed')
    const counted = { ...FOREVER, SUCCESS: keep(1_000, 6) }
    pruneOnce(0, 100, counted)
    assert.deepEqual([old, failed, young].map(left), [2, 4, 4])
    pruneOnce(0, 100, { ...counted, SUCCESS: keep(null, 3) })
    assert.deepEqual([old, failed, young].map(left), [0, 4, 3])
    pruneOnce(0, 100, { ...FOREVER, FAILURE: keep(null, 0) })
    assert.deepEqual([old, failed, young].map(left), [0, 0, 3])
  })

  it('goes page by page when only a count is given', () => {
    const old = jobs(9, NOW - 900, 'succeed')
    const counted = { ...FOREVER, SUCCESS: keep(null, 2) }
    let next = 0
    do next = pruneOnce(next, 2, counted)
    while (next > 0)
    assert.equal(left(old), 2)
  })

  it('breaks off when its time is up, and says so', () => {
    const old = jobs(5, NOW - 9_000, 'succeed')
    const page = store.pruning.look(RETENTION, 0, 100, NOW)
    let asked = 0
    const done = store.write(() => store.pruning.remove(page, () => (++asked < 3 ? 2 : 0)))
    assert.equal(left(old), 1)
    assert.equal(done.removed, 4)
    assert.equal(pruneOnce(done.brokeOff ?? Number.NaN), 0)
    assert.equal(left(old), 0)
  })

  it('leaves alone what was brought back since it was looked at, with what belongs to it', () => {
    const ids = jobs(3, NOW - 9_000, 'fail')
    const [, again] = ids as [string, string, string]
    store.write(() => store.logs.add(2, 1, 0, JSON.stringify([1, 0, 1, 'kept'])))
    const early = store.pruning.look(RETENTION, 0, 100, NOW)
    const job = store.retries.steered(again)
    assert.ok(job && store.write(() => store.retries.retry(job, NOW)))
    store.write(() => assert.equal(store.pruning.remove(early, () => 100).removed, 2))
    assert.deepEqual(
      ids.map((id) => store.reads.state(id)),
      [null, 'PENDING', null],
    )
    assert.equal(store.reads.job(again)?.attempts.length, 1)
    assert.deepEqual(
      store.logs.of(again).map(({ text }) => text),
      ['kept'],
    )
    const reading = new Reading(store.path)
    assert.equal(reading.states().FAILURE, 0)
    reading.close()
  })

  it('says when the next job may go', () => {
    jobs(1, NOW - 400, 'succeed')
    assert.equal(store.pruning.look(RETENTION, 0, 100, NOW).soonest, NOW + 600)
    assert.equal(store.pruning.look(FOREVER, 0, 100, NOW).soonest, null)
  })
})
