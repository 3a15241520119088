/** revoke(): of waiting, scheduled, running and ended jobs, with and without terminate. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { TaskRevoked } from 'celeriac'
import { failureOf, resultOf } from '../fixtures/calls.ts'
import { freshDatabase } from '../fixtures/folder.ts'
import { Journal } from '../fixtures/journal.ts'
import { openApp } from '../fixtures/tasks.ts'

describe('revoke()', () => {
  const opened = openApp({ database: freshDatabase(), concurrency: 3, queues: { one: { concurrency: 1 } } })
  const { app, add, flaky, heed, hold, loop, note, snoozeLong, spin } = opened
  before(() => app.start())
  after(() => app.stop({ drain: 0, grace: 0 }))

  test('ends a scheduled job at once, with its reason', async () => {
    const handle = await add.applyAsync([1, 2], { countdown: '1h' })
    const waiting = assert.rejects(handle.get(), TaskRevoked)
    assert.equal(await handle.revoke({ reason: 'the order was cancelled' }), 'REVOKED')
    await waiting
    await assert.rejects(handle.get(), { code: 'TASK_REVOKED' })
    const info = (await handle.info())!
    assert.deepEqual([info.state, info.revokeReason, info.attempt], ['REVOKED', 'the order was cancelled', 0])
  })

  test('ends a job that waits in its queue, which then never runs', async () => {
    const journal = new Journal()
    const first = await hold.applyAsync([journal.path, 'first'], { queue: 'one' })
    const second = await note.applyAsync([journal.path, 'second'], { queue: 'one' })
    await journal.has('first began')
    assert.equal(await second.revoke(), 'REVOKED')
    journal.open()
    await resultOf(first)
    await resultOf(await note.applyAsync([journal.path, 'third'], { queue: 'one' }))
    assert.deepEqual(journal.lines(), ['first began', 'first ended', 'third'])
  })

  test('ends a job that waits for its next attempt', async () => {
    const handle = await flaky.applyAsync([9], {
      retry: { maxRetries: 5, delay: '1h', backoff: 'fixed', jitter: 'none' },
    })
    while ((await handle.state()) !== 'RETRY');
    assert.equal(await handle.revoke(), 'REVOKED')
    await assert.rejects(resultOf(handle), TaskRevoked)
  })

  test('aborts the signal of a running job, and is its reason', async () => {
    const journal = new Journal()
    const handle = await heed.delay(journal.path)
    await journal.has('heeding, attempt 1')
    assert.equal(await handle.revoke({ reason: 'enough' }), 'STARTED')
    await assert.rejects(resultOf(handle), TaskRevoked)
    const info = (await handle.info())!
    assert.deepEqual([info.state, info.revokeReason, info.attempts.length], ['REVOKED', 'enough', 1])
    assert.equal(info.attempts[0]!.outcome, 'revoked')
    assert.match(info.error!.message, /^the job was revoked: enough$/)
  })

  test('is seen inside a synchronous loop; a job that returns all the same has succeeded', async () => {
    const journal = new Journal()
    const handle = await spin.delay(journal.path)
    await journal.has('spinning')
    await handle.revoke()
    assert.equal(await resultOf(handle), 'left the loop')
    assert.equal(await handle.state(), 'SUCCESS')
  })

  test('with terminate, from the first or only later, ends the thread of a job that never looks up, and no other', async () => {
    const journal = new Journal()
    const handles = [await loop.delay(journal.path), await loop.delay(journal.path)]
    await journal.has('looping', 2)
    const beside = await hold.delay(journal.path, 'beside')
    await journal.has('beside began')
    const [atOnce, later] = handles
    assert.equal(await later!.revoke({ reason: 'it takes too long' }), 'STARTED')
    for (const handle of [atOnce, later]) assert.equal(await handle!.revoke({ terminate: true }), 'STARTED')
    for (const handle of handles) {
      await assert.rejects(resultOf(handle), TaskRevoked)
      assert.equal((await handle.info())?.crashes, 0)
    }
    assert.equal((await later!.info())?.revokeReason, 'it takes too long')
    journal.open()
    assert.equal(await resultOf(beside), 'beside')
    assert.deepEqual((await beside.info())?.attempts.length, 1)
    assert.equal(await resultOf(await add.delay(1, 2)), 3)
  })

  test('holds for a job that puts itself off', async () => {
    const journal = new Journal()
    const handle = await snoozeLong.delay(journal.path)
    await journal.has('about to snooze')
    assert.equal(await handle.revoke(), 'STARTED')
    journal.open()
    const failure = await failureOf(handle)
    assert.equal(failure.code, 'TASK_REVOKED')
  })

  test('leaves an ended job as it is', async () => {
    const handle = await add.delay(1, 2)
    await resultOf(handle)
    assert.equal(await handle.revoke({ terminate: true, reason: 'too late' }), 'SUCCESS')
    assert.equal((await handle.info())?.revokeReason, null)
    assert.equal(await resultOf(handle), 3)
  })
})
