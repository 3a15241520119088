/** stop() while another connection holds the file: it leaves in a time of its own, and loses nothing that was acknowledged. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import Database from 'better-sqlite3'
import { resultOf } from '../fixtures/calls.ts'
import { freshDatabase } from '../fixtures/folder.ts'
import { Journal } from '../fixtures/journal.ts'
import { openApp } from '../fixtures/tasks.ts'
import { until } from '../fixtures/until.ts'

test('a stop does not wait out the lock of others, and what it could not write is done again', async () => {
  const database = freshDatabase()
  const said: string[] = []
  const logger = { debug: () => {}, info: () => {}, warn: (line: string) => void said.push(line), error: () => {} }
  const first = openApp({ database, logger })
  await first.app.start()
  const journal = new Journal()
  const running = await first.hold.delay(journal.path, 'held')
  await journal.has('held began')
  const waiting = await first.add.applyAsync([1, 2], { countdown: '1h' })

  const holder = new Database(database)
  holder.exec('BEGIN IMMEDIATE')
  journal.open()
  await journal.has('held ended')
  const refused = assert.rejects(first.add.delay(1, 1), { code: 'APP_STOPPED' })
  const begun = performance.now()
  await first.app.stop({ drain: '1s', grace: 0 })
  // Thirty seconds is when the engine gives up a locked file by itself.
  assert.ok(performance.now() - begun < 20_000, `stopped after ${performance.now() - begun} ms`)
  await refused
  assert.ok(
    said.some((line) => line.includes('another connection holds the file')),
    said.join('\n'),
  )
  holder.exec('ROLLBACK')
  holder.close()

  const second = openApp({ database })
  await using _ = second.app
  await second.app.start()
  assert.equal(await resultOf(second.app.result(running.id)), 'held')
  await until(async () => (await second.app.inspect.workers()).length === 1, 'the row of the first to go')
  assert.equal(await second.app.result(waiting.id).state(), 'SCHEDULED')
})
