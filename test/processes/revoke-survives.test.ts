/** A revoke outlives the process that was to obey it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { resultOf } from '../fixtures/calls.ts'
import { freshDatabase } from '../fixtures/folder.ts'
import { Journal } from '../fixtures/journal.ts'
import { Peer } from '../fixtures/peer.ts'
import { openApp } from '../fixtures/tasks.ts'

test('a job that was revoked while it ran does not run again when its process is killed', async () => {
  const database = freshDatabase()
  const { app, hold, whoAmI } = openApp({ database })
  const peer = new Peer({ database, concurrency: 1 })
  await peer.call('start')
  const journal = new Journal()
  const handle = await hold.delay(journal.path, 'the job')
  await journal.has('the job began')
  assert.equal(await app.control.revoke({ task: 'hold' }, { reason: 'no longer wanted' }), 1)
  await peer.kill()
  await using _ = app
  const told: string[] = []
  app.on('task-revoked', ({ id }) => void told.push(id))
  await app.start()
  await assert.rejects(resultOf(handle), { code: 'TASK_REVOKED' })
  const info = (await handle.info())!
  assert.deepEqual([info.state, info.revokeReason, info.crashes], ['REVOKED', 'no longer wanted', 1])
  await resultOf(await whoAmI.delay())
  assert.deepEqual(journal.lines(), ['the job began'])
  assert.deepEqual(told, [handle.id])
})
