/** stop() of an app whose jobs others have taken over meanwhile: it ends all the same, and does not begin anew. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import Database from 'better-sqlite3'
import { freshDatabase } from '../fixtures/folder.ts'
import { Journal } from '../fixtures/journal.ts'
import { openApp } from '../fixtures/tasks.ts'

test('a stop that is waiting for a job ends when the process has lost its lease', async () => {
  const database = freshDatabase()
  const [one, other] = [openApp({ database, concurrency: 1 }), openApp({ database })]
  await using first = one.app
  await using second = other.app
  const crashed: Error[] = []
  first.on('engine-crashed', ({ error }) => void crashed.push(error))
  await first.start()
  const [row] = await first.inspect.workers()
  // Somebody who might take its jobs: alone it has nobody to show its lease to.
  await second.start({ role: 'producer' })
  const journal = new Journal()
  const held = await one.hold.delay(journal.path, 'held')
  await journal.has('held began')
  const awaited = assert.rejects(held.get(), { code: 'APP_STOPPED' })
  const stopping = first.stop({ drain: '5m' })
  const db = new Database(database)
  assert.equal(db.prepare('DELETE FROM celeriac_processes WHERE key = ?').run(row!.key).changes, 1)
  db.close()
  // The lease is shown every ten seconds.
  assert.deepEqual(await stopping, { finished: 0, returned: 0, killed: 0 })
  await awaited
  assert.deepEqual(crashed, [])
  await assert.rejects(one.add.delay(1, 2), { code: 'APP_STOPPED' })
  journal.open()
})
