/** What the end of a job sets free is free in the very transaction that ends it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import Database from 'better-sqlite3'
import { Store } from '../../lib/store/store.ts'
import { TaskTransactions } from '../../lib/store/task-transaction.ts'
import { plainBatch } from '../fixtures/batch.ts'
import { freshDatabase } from '../fixtures/folder.ts'

test('a job that waits for the place of another is let in by the transaction that ends that one', () => {
  const database = freshDatabase()
  const store = new Store(database, 'full')
  store.write(() => store.inserts.insert(plainBatch(['first', 'second'], { task: 't', queue: 'q' }), 1))
  const db = new Database(database)
  db.exec(`UPDATE celeriac_jobs SET concurrency_key = 'k', concurrency_limit = 1;
    INSERT INTO celeriac_claims (seq, owner, token, started_at) SELECT seq, 7, 3, 0 FROM celeriac_jobs WHERE id = 'first';
    UPDATE celeriac_jobs SET state = 'BLOCKED', blocked_on = 'k' WHERE id = 'second'`)
  const states = (): unknown => db.prepare('SELECT state FROM celeriac_jobs_now ORDER BY seq').pluck().all()
  assert.deepEqual(states(), ['STARTED', 'BLOCKED'])
  const transactions = new TaskTransactions(database, 'full', { owner: 7, thread: 1 })
  const job = { id: 'first', token: 3, startedAt: 2 }
  const fail = (): never => {
    throw new Error('taken back')
  }
  assert.throws(() => transactions.run(job, fail, () => null, Date.now), /taken back/)
  assert.deepEqual(states(), ['STARTED', 'BLOCKED'])
  assert.equal(
    transactions.run(
      job,
      () => 1,
      String,
      () => 3,
    ).value,
    1,
  )
  assert.deepEqual(states(), ['SUCCESS', 'PENDING'])
  db.close()
  store.close()
})
