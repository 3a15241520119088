/** A database that stays locked: who waits for a write is told after half a minute, whatever the lock was met at. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import Database from 'better-sqlite3'
import { DiskSync } from '../../lib/engine/disk-sync.ts'
import { Edits } from '../../lib/engine/edits.ts'
import { Intake } from '../../lib/engine/intake.ts'
import { TurnLoop } from '../../lib/engine/turn.ts'
import { Store } from '../../lib/store/store.ts'
import type { Reply } from '../../lib/wire/messages.ts'
import { plainBatch } from '../fixtures/batch.ts'
import { freshDatabase } from '../fixtures/folder.ts'
import { until } from '../fixtures/until.ts'

test('a call and a change are refused as DatabaseLocked after 30 s of trying, and later ones are stored', async (t) => {
  const path = freshDatabase()
  const store = new Store(path, 'normal')
  const holder = new Database(path)
  const replies: Reply[] = []
  const session = { reply: (reply: Reply) => void replies.push(reply) }
  // Each look at the clock finds another 8 s gone.
  let looks = 0
  const clock = { now: () => 1, monotonic: () => looks++ * 8_000 }
  const disk = new DiskSync(
    store,
    () => {},
    () => assert.fail('the disk refused'),
  )
  const intake = new Intake(store, { stored: () => {}, sent: () => {}, ended: () => {} })
  const edits: Edits = new Edits(() => turns.request())
  const turns: TurnLoop = new TurnLoop(store, clock, [intake, edits], disk, () => {})
  t.after(() => {
    holder.close()
    turns.finish()
    store.close()
  })

  holder.exec('BEGIN IMMEDIATE')
  intake.add(session, 1, [plainBatch(['refused'])])
  const changed = edits.make(() => 'changed').catch((error: Error) => error.name)
  await until(() => replies.length > 0, 'an answer')
  const waited = looks * 8_000
  assert.ok(waited >= 30_000, `told after ${waited} ms`)
  assert.ok(waited <= 60_000, `told after ${waited} ms`)
  assert.equal(await changed, 'DatabaseLocked')
  const [reply] = replies
  assert.ok(reply?.type === 'refused')
  assert.deepEqual([reply.requests, reply.error.code], [[1], 'DATABASE_LOCKED'])
  assert.equal(turns.fault?.code, 'DATABASE_LOCKED')

  holder.exec('ROLLBACK')
  intake.add(session, 2, [plainBatch(['stored'])])
  assert.equal(await edits.make(() => 'changed'), 'changed')
  assert.deepEqual(replies[1], { type: 'stored', requests: [2], duplicates: [] })
  assert.deepEqual([store.reads.state('refused'), store.reads.state('stored')], [null, 'PENDING'])
  assert.equal(turns.fault, null)
})
