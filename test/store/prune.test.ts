import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import type { Retention } from '../../lib/store/prune.ts'
import { Store } from '../../lib/store/store.ts'
import { newJobId } from '../../lib/wire/job-id.ts'

const NOW = 1_000_000
const RETENTION: Retention = { SUCCESS: 1_000, FAILURE: 5_000, REVOKED: null, EXPIRED: 1_000 }

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
    const shape = {
      task: 't',
      queue: 'q',
      priority: 0,
      runAt: null,
      expiresAt: null,
      maxAttempts: 1,
      codec: 'json' as const,
    }
    store.write(false, () => {
      store.inserts.insert(
        { ...shape, options: null, parentId: null, rootId: null, chosen: false, ids, args: ids.map(() => '[]') },
        at,
      )
      if (end === null) return
      for (const id of ids) {
        if (end === 'revoke') store.revocations.revoke(id, false, null, at)
        else {
          const row = store.claims.page('q', 't', Number.MIN_SAFE_INTEGER, 0, 100).find((r) => r[3] === id)
          assert.ok(row)
          store.claims.start(row[0], 1, row[0], at)
          const claim = { seq: row[0], owner: 1, token: row[0], task: 't', queue: 'q' }
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
    store.write(false, () => store.pruning.remove(page))
    return page.next
  }

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
    assert.equal(pruneOnce(0, 100, { SUCCESS: null, FAILURE: null, REVOKED: null, EXPIRED: null }), 0)
    assert.equal(left(old), 2)
  })
})
