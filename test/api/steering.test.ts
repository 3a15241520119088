/** retry() by hand, and control.revoke, retry and purge over ids and filters. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { failureOf, resultOf } from '../fixtures/calls.ts'
import { freshDatabase } from '../fixtures/folder.ts'
import { Journal } from '../fixtures/journal.ts'
import { Peer } from '../fixtures/peer.ts'
import { openApp } from '../fixtures/tasks.ts'
import { until } from '../fixtures/until.ts'

describe('retry() by hand', () => {
  test('runs a failed job once more, keeps what is known of its attempts, and get() waits for the new outcome', async () => {
    const { app, flaky } = openApp({ database: freshDatabase() })
    await using _ = app
    await app.start()
    const handle = await flaky.applyAsync([2], { retry: 0 })
    assert.match((await failureOf(handle)).message, /attempt 1 failed/)
    assert.equal(await handle.retry(), 'PENDING')
    assert.equal(await resultOf(handle), 2)
    const info = (await handle.info())!
    assert.deepEqual(
      [info.state, info.attempt, info.maxAttempts, info.eta, info.revokeReason],
      ['SUCCESS', 2, 2, null, null],
    )
    assert.deepEqual(
      info.attempts.map(({ number, outcome, error }) => [number, outcome, error?.message]),
      [
        [1, 'failure', 'attempt 1 failed'],
        [2, 'success', undefined],
      ],
    )
  })

  test('allows one more attempt, not all of them again', async () => {
    const { app, flaky } = openApp({ database: freshDatabase() })
    await using _ = app
    await app.start()
    const handle = await flaky.applyAsync([9], { retry: { maxRetries: 1, backoff: 'fixed', delay: 1, jitter: 'none' } })
    await failureOf(handle)
    await handle.retry()
    assert.match((await failureOf(handle)).message, /attempt 3 failed/)
    assert.equal((await handle.info())?.attempts.length, 3)
  })

  test('brings back what was revoked and what expired, without the old end in its way', async () => {
    const { app, add, hold } = openApp({ database: freshDatabase(), concurrency: 1 })
    await using _ = app
    const revoked = await add.applyAsync([1, 2], { countdown: '1h' })
    await revoked.revoke({ reason: 'by mistake' })
    const expired = await add.applyAsync([3, 4], { expires: 1 })
    await app.start()
    await until(async () => (await expired.state()) === 'EXPIRED', 'the expiry')
    for (const handle of [revoked, expired]) assert.equal(await handle.retry(), 'PENDING')
    assert.deepEqual([await resultOf(revoked), await resultOf(expired)], [3, 7])
    assert.equal((await revoked.info())?.expires, null)

    // A job that was ended while it ran is not told to end again.
    const journal = new Journal()
    const running = await hold.delay(journal.path, 'first')
    await journal.has('first began')
    await running.revoke()
    journal.open()
    assert.equal(await resultOf(running), 'first')
  })

  test('is refused with the reason', async () => {
    const { app, add, fail } = openApp({ database: freshDatabase() })
    await using _ = app
    const waiting = await add.delay(1, 1)
    await assert.rejects(waiting.retry(), { code: 'NOT_RETRYABLE', message: /is PENDING and has not ended/ })
    await app.start()
    await resultOf(waiting)
    await assert.rejects(waiting.retry(), { code: 'NOT_RETRYABLE', message: /succeeded — enqueue a new job/ })
    await assert.rejects(app.result('nobody').retry(), { code: 'UNKNOWN_TASK' })
    const failed = await fail.delay('no')
    await failureOf(failed)
    await failed.forget()
    await assert.rejects(failed.retry(), { code: 'NOT_RETRYABLE', message: /were forgotten/ })
    await assert.rejects(app.control.retry(failed.id), { code: 'NOT_RETRYABLE' })
    assert.equal(await app.control.retry([failed.id, waiting.id, 'nobody']), 0)
  })
})

test('a retried job does not take a unique key that a live job holds', async () => {
  const { app, add } = openApp({ database: freshDatabase() })
  await using _ = app
  const unique = { key: 'one sum', until: 'finished' as const }
  const first = await add.applyAsync([1, 2], { unique })
  await first.revoke()
  const second = await add.applyAsync([3, 4], { unique })
  assert.equal(second.duplicate, false)
  await assert.rejects(first.retry(), { code: 'NOT_RETRYABLE', message: /another job holds the unique key/ })
  assert.equal(await app.control.retry({ task: 'add', state: 'REVOKED' }), 0)
  await app.start()
  assert.equal(await resultOf(second), 7)
  await first.retry()
  assert.equal(await resultOf(first), 3)
})

describe('control', () => {
  test('revokes and retries by ids and by filter', async () => {
    const { app, add, fail, hold } = openApp({ database: freshDatabase() })
    await using _ = app
    const journal = new Journal()
    const sums = await add.delayMany(Array.from({ length: 5 }, (_, i) => [i, 1] as [number, number]))
    const later = await add.applyAsync([7, 7], { countdown: '1h', tags: ['late'] })
    const told: string[] = []
    app.on('task-revoked', ({ id, queue }) => void told.push(`${queue} ${id}`))
    const ended = assert.rejects(later.get(), { code: 'TASK_REVOKED' })
    assert.equal(await app.control.revoke(later.id, { reason: 'too late' }), 1)
    await ended
    assert.equal(await app.control.revoke(later.id), 0)
    const [first, second] = sums.map(({ id }) => id) as [string, string]
    assert.equal(await app.control.revoke([first, second, first, 'nobody']), 2)
    assert.equal(await app.control.revoke({ task: 'ad*' }), 3)
    assert.equal(await app.control.revoke({ task: '*' }), 0)
    await until(() => told.length === 6, 'the events')
    assert.deepEqual(new Set(told), new Set([later, ...sums].map(({ id }) => `default ${id}`)))
    assert.equal((await later.info())?.revokeReason, 'too late')
    assert.equal(await app.inspect.count({ state: 'REVOKED' }), 6)

    assert.equal(await app.control.retry({ task: 'add' }), 0)
    assert.equal(await app.control.retry({ task: 'add', state: 'REVOKED' }), 6)
    await app.start()
    assert.deepEqual(await Promise.all(sums.map(resultOf)), [1, 2, 3, 4, 5])
    assert.equal(await resultOf(later), 14)

    const failures = await fail.delayMany([['a'], ['b'], ['c']])
    for (const failure of failures) await failureOf(failure)
    assert.equal(await app.control.retry({ error: 'b', since: '1h' }), 1)
    await failureOf(failures[1]!)
    assert.equal(await app.control.retry(failures.map(({ id }) => id).slice(1)), 2)
    for (const failure of failures) await failureOf(failure)

    const running = await hold.delay(journal.path, 'x')
    await journal.has('x began')
    assert.equal(await app.control.revoke({ state: 'STARTED' }, { terminate: true }), 1)
    journal.open()
    await running.ready()
  })

  test('refuses a filter that means everything or nothing, and options that do not exist', async () => {
    const { app } = openApp({ database: freshDatabase() })
    await using _ = app
    const refused = { code: 'INVALID_OPTION' }
    await assert.rejects(app.control.revoke({}), { ...refused, message: /at least one term.*task: '\*'/ })
    await assert.rejects(app.control.retry({}), refused)
    await assert.rejects(app.control.revoke({ state: 'SUCCESS' }), {
      ...refused,
      message: /state is 'SUCCESS' — allowed: SCHED/,
    })
    await assert.rejects(app.control.retry({ state: ['SUCCESS', 'STARTED'] }), refused)
    await assert.rejects(app.control.revoke({ quue: 'x' } as never), { ...refused, message: /did you mean "queue"/ })
    await assert.rejects(app.control.revoke('x', { force: true } as never), refused)
    await assert.rejects(app.control.purge(''), refused)
  })

  test('purges a queue: all that waits in it ends as REVOKED, what runs goes on', async () => {
    const { app, add, hold } = openApp({ database: freshDatabase(), queues: { one: { concurrency: 1 } } })
    await using _ = app
    await app.start()
    const journal = new Journal()
    const running = await hold.applyAsync([journal.path, 'held'], { queue: 'one' })
    await journal.has('held began')
    const waiting = await add.delayMany(
      Array.from({ length: 7_000 }, () => [1, 1] as [number, number]),
      { queue: 'one' },
    )
    const later = await add.applyAsync([1, 1], { queue: 'one', countdown: '1h' })
    const other = await add.delay(2, 2)
    assert.equal(await app.control.purge('one'), 7_001)
    await assert.rejects(resultOf(waiting[6_999]!), { code: 'TASK_REVOKED' })
    assert.match((await later.info())?.revokeReason ?? '', /^queue "one" was purged$/)
    journal.open()
    assert.equal(await resultOf(running), 'held')
    assert.equal(await resultOf(other), 4)
    assert.equal(await app.inspect.count({ queue: 'one', state: ['PENDING', 'SCHEDULED'] }), 0)
  })

  test('steers jobs that another process runs', async () => {
    const database = freshDatabase()
    const { app, heed, fail } = openApp({ database })
    await using _ = app
    const peer = new Peer({ database, concurrency: 2 })
    await peer.call('start')
    const journal = new Journal()
    const running = await heed.applyAsync([journal.path], { tags: ['far'] })
    await journal.has('heeding, attempt 1')
    assert.equal(await app.control.revoke({ tag: 'far' }), 1)
    await assert.rejects(resultOf(running), { code: 'TASK_REVOKED' })
    const failed = await fail.delay('over there')
    await failureOf(failed)
    assert.equal(await app.control.retry({ error: 'over there' }), 1)
    await failureOf(failed)
    assert.equal((await failed.info())?.attempt, 2)
    assert.equal(await peer.leave(), 0)
  })
})
