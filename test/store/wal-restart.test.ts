/** What of the WAL is copied, and whether it could be begun anew, beside real readers. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import Database from 'better-sqlite3'
import { Store } from '../../lib/store/store.ts'
import { until } from '../crash/conditions.ts'
import { plainBatch } from '../fixtures/batch.ts'
import { freshDatabase } from '../fixtures/folder.ts'

const PAGE = 4_096

function writeTo(store: Store): void {
  store.write(() => store.inserts.insert({ ...plainBatch([]), ids: [crypto.randomUUID()], args: ['[]'] }, 1_000))
}

test('what a reader keeps from being copied is told apart from what is copied', (t) => {
  const path = freshDatabase()
  const store = new Store(path, 'normal')
  const reader = new Database(path, { readonly: true })
  t.after(() => store.close())
  writeTo(store)
  store.restartWal(1_000, false)
  reader.exec('BEGIN')
  reader.prepare('SELECT count(*) FROM celeriac_jobs').get()
  writeTo(store)
  const held = store.checkpoint()
  assert.ok(held && held.bytes >= PAGE && held.copied < held.bytes, JSON.stringify(held))
  assert.equal(store.restartWal(20, false), false)
  reader.close()
  const free = store.checkpoint()
  assert.ok(free && free.bytes >= PAGE && free.copied === free.bytes, JSON.stringify(free))
  assert.equal(store.restartWal(20, false), true)
})

test('an attempt of another connection is told apart from a reader who stays', async (t) => {
  const path = freshDatabase()
  const store = new Store(path, 'normal')
  const reader = new Database(path, { readonly: true })
  t.after(() => store.close())
  writeTo(store)
  reader.exec('BEGIN')
  reader.prepare('SELECT count(*) FROM celeriac_jobs').get()
  writeTo(store)
  const other = new Worker(
    `const db = new (require('better-sqlite3'))(require('node:worker_threads').workerData, { timeout: 20_000 })
    db.pragma('wal_checkpoint(RESTART)')
    db.close()`,
    { eval: true, workerData: path },
  )
  const left = new Promise((resolve) => other.once('exit', resolve))
  await until('the other to be at it', () => store.checkpoint() === null)
  assert.equal(store.restartWal(20, false), null)
  reader.close()
  assert.equal(await left, 0)
  assert.notEqual(store.checkpoint(), null)
})

test('that an attempt failed is known to every process on the file', (t) => {
  const path = freshDatabase()
  const [mine, theirs] = [new Store(path, 'normal'), new Store(path, 'normal')]
  t.after(() => {
    mine.close()
    theirs.close()
  })
  assert.equal(theirs.failedRestarts.last(), null)
  mine.write(() => mine.failedRestarts.keep({ at: 1_700_000_000_000, times: 1 }))
  mine.write(() => mine.failedRestarts.keep({ at: 1_700_000_002_000, times: 2 }))
  assert.deepEqual(theirs.failedRestarts.last(), { at: 1_700_000_002_000, times: 2 })
})
