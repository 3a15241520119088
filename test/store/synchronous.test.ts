import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { loadDriver } from '../../lib/store/driver.ts'
import { openDatabase } from '../../lib/store/open.ts'
import { Store } from '../../lib/store/store.ts'

const FULL = 2
const NORMAL = 1

describe('synchronous', () => {
  let folder: string
  let path: string

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'celeriac-synchronous-'))
    path = join(folder, 'jobs.db')
  })

  afterEach(() => {
    rmSync(folder, { recursive: true, force: true })
  })

  for (const [durability, level] of [
    ['full', FULL],
    ['normal', NORMAL],
  ] as const) {
    it(`is set on the first connection to a file and on later ones: ${durability}`, () => {
      for (const opening of ['first', 'second', 'third']) {
        const db = openDatabase(path, durability)
        assert.equal(db.pragma('synchronous', { simple: true }), level, opening)
        db.close()
      }
    })
  }

  /** The level that each transaction commits with, read on the store's own connection inside it. */
  function levels(durability: 'full' | 'normal', promised: boolean[]): number[] {
    const prototype = loadDriver().prototype as { exec(sql: string): unknown }
    const { exec } = prototype
    const connections = new Set<{ pragma(sql: string, options: { simple: true }): unknown }>()
    prototype.exec = function (this: never, sql: string) {
      connections.add(this)
      return exec.call(this, sql)
    }
    try {
      const store = new Store(path, durability)
      const [db] = [...connections]
      assert.ok(db)
      const seen = promised.map((promise) =>
        store.write(promise, () => db.pragma('synchronous', { simple: true }) as number),
      )
      store.close()
      return seen
    } finally {
      prototype.exec = exec
    }
  }

  it('is FULL for commits that make a promise, and only for those', () => {
    assert.deepEqual(levels('full', [true, false, true, true, false, false, true]), [
      FULL,
      NORMAL,
      FULL,
      FULL,
      NORMAL,
      NORMAL,
      FULL,
    ])
  })

  it('is never FULL under durability normal', () => {
    assert.deepEqual(levels('normal', [true, false, true]), [NORMAL, NORMAL, NORMAL])
  })
})
