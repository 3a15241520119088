/** A job that was told to end ends, though its process dies or stops, or the job goes back to the waiting first. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import Database from 'better-sqlite3'
import { resultOf } from '../fixtures/calls.ts'
import { freshDatabase } from '../fixtures/folder.ts'
import { Journal } from '../fixtures/journal.ts'
import { Peer } from '../fixtures/peer.ts'
import { openApp } from '../fixtures/tasks.ts'

describe('a running job that is revoked', () => {
  test('ends when the process is killed that did not heed it, and does not run again', async () => {
    const database = freshDatabase()
    const { app, note } = openApp({ database })
    await using _ = app
    const doomed = new Peer({ database })
    await doomed.call('start')
    const journal = new Journal()
    const handle = app.result(await doomed.call('delay', 'hold', [journal.path, 'held']))
    await journal.has('held began')
    const end = assert.rejects(resultOf(handle), { code: 'TASK_REVOKED' })
    assert.equal(await handle.revoke({ reason: 'enough' }), 'STARTED')
    await doomed.kill()
    await app.start()
    await end
    const { state, revokeReason, attempts, crashes } = (await handle.info())!
    assert.deepEqual([state, revokeReason, crashes], ['REVOKED', 'enough', 1])
    assert.deepEqual(
      attempts.map(({ outcome }) => outcome),
      ['crash'],
    )
    await resultOf(await note.delay(journal.path, 'after'))
    assert.deepEqual(journal.lines(), ['held began', 'after'])
  })

  test('ends when its process stops', async () => {
    const database = freshDatabase()
    const { app } = openApp({ database })
    await using _ = app
    const peer = new Peer({ database })
    await peer.call('start')
    const journal = new Journal()
    const handle = app.result(await peer.call('delay', 'hold', [journal.path, 'held']))
    await journal.has('held began')
    await handle.revoke()
    await peer.call('stop', 0, 0)
    await assert.rejects(resultOf(handle), { code: 'TASK_REVOKED' })
    assert.equal(await peer.leave(), 0)
  })

  test('ends when it fails, or puts itself off, before its process knows', async () => {
    const database = freshDatabase()
    const { app, heldBack, snoozeLong } = openApp({ database })
    await using _ = app
    await app.start()
    const db = new Database(database)
    const ask = db.prepare("UPDATE celeriac_jobs SET revoke_asked = 1, revoke_reason = 'late' WHERE id = ?")
    for (const [task, line] of [
      [heldBack, 'about to fail'],
      [snoozeLong, 'about to snooze'],
    ] as const) {
      const journal = new Journal()
      const handle = await task.delay(journal.path)
      await journal.has(line)
      ask.run(handle.id)
      journal.open()
      await assert.rejects(resultOf(handle), { code: 'TASK_REVOKED' })
      assert.equal((await handle.info())?.revokeReason, 'late')
    }
    db.close()
  })
})
