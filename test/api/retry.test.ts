/** Retries: the policy, and what a task can throw to decide by itself. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { AsyncResult } from 'celeriac'
import { failureOf, resultOf } from '../fixtures/calls.ts'
import { freshDatabase } from '../fixtures/folder.ts'
import { Journal } from '../fixtures/journal.ts'
import { openApp } from '../fixtures/tasks.ts'
import { until } from '../fixtures/until.ts'

describe('a task that fails', () => {
  const { app, choosy, fail, flaky, ignore, later, permanent, retryNow, snooze } = openApp({
    database: freshDatabase(),
  })
  before(() => app.start())
  after(() => app.stop())

  const attemptsOf = async (handle: AsyncResult<unknown>) =>
    (await handle.info())!.attempts.map(({ number, outcome }) => `${number} ${outcome}`)

  test('is not tried again without a policy', async () => {
    const handle = await fail.delay('once')
    await failureOf(handle)
    assert.deepEqual(await attemptsOf(handle), ['1 failure'])
  })

  test('is tried again as often as its policy says, then fails with its last error', async () => {
    const handle = await flaky.delay(99)
    const failure = await failureOf(handle)
    assert.equal(failure.cause.message, 'attempt 4 failed')
    assert.deepEqual(await attemptsOf(handle), ['1 retry', '2 retry', '3 retry', '4 failure'])
    assert.equal((await handle.info())?.error?.message, 'attempt 4 failed')
  })

  test('waits as long as the policy says between attempts, in the state RETRY', async () => {
    const handle = await flaky.applyAsync([2], {
      retry: { maxRetries: 1, backoff: 'fixed', delay: 250, jitter: 'none' },
    })
    assert.equal(await resultOf(handle), 2)
    const [first, second] = (await handle.info())!.attempts
    const waited = Number(second!.startedAt) - Number(first!.endedAt)
    assert.ok(waited >= 250, `${waited} ms`)
  })

  test("a policy of the call replaces the task's, which lends what it leaves out", async () => {
    const handle = await flaky.applyAsync([99], { retry: { maxRetries: 1, delay: 5 } })
    await failureOf(handle)
    assert.deepEqual(await attemptsOf(handle), ['1 retry', '2 failure'])
    const never = await flaky.applyAsync([99], { retry: 0 })
    await failureOf(never)
    assert.deepEqual(await attemptsOf(never), ['1 failure'])
  })

  test('a deadline lets no attempt begin after it, and a retry by hand lifts it', async () => {
    const policy = { maxRetries: 50, backoff: 'fixed', delay: 900, jitter: 'none' } as const
    const handle = await flaky.applyAsync([99], { retry: policy, deadline: 3_000 })
    const failure = await failureOf(handle)
    assert.match(failure.cause.message, /^attempt [1-4] failed$/)
    const { attempts, enqueuedAt } = (await handle.info())!
    for (const { startedAt } of attempts) assert.ok(Number(startedAt) <= Number(enqueuedAt) + 3_000)

    await app.control.pause({ queue: 'held' })
    const late = await flaky.applyAsync([1], { deadline: 1, queue: 'held' })
    const { enqueuedAt: lateFrom } = (await late.info())!
    await until(() => Date.now() > Number(lateFrom) + 1, 'the deadline')
    await app.control.resume({ queue: 'held' })
    assert.equal((await failureOf(late)).cause.name, 'DeadlineExceeded')
    await late.retry()
    assert.equal(await resultOf(late), 2) // its second attempt
  })

  test('`on` picks the errors worth another try, `backoff` may be a function', async () => {
    const worth = await choosy.delay('type')
    await failureOf(worth)
    assert.equal((await attemptsOf(worth)).length, 4)
    const hopeless = await choosy.delay('range')
    await failureOf(hopeless)
    assert.deepEqual(await attemptsOf(hopeless), ['1 failure'])
  })

  test('PermanentError ends it whatever the policy says', async () => {
    const handle = await permanent.delay()
    const failure = await failureOf(handle)
    assert.deepEqual([failure.cause.name, failure.cause.code], ['PermanentError', 'PERMANENT_ERROR'])
    assert.deepEqual(await attemptsOf(handle), ['1 failure'])
  })

  test('RetryLater tries again exactly then, three times without a policy', async () => {
    const handle = await later.delay(2, 120.5)
    assert.equal(await resultOf(handle), 2)
    const [first, second] = (await handle.info())!.attempts
    assert.ok(Number(second!.startedAt) - Number(first!.endedAt) >= 120)
    const exhausted = await later.delay(99, 1)
    await failureOf(exhausted)
    assert.equal((await attemptsOf(exhausted)).length, 4)
    const nonsense = await failureOf(await later.delay(2, 'soon'))
    assert.equal(nonsense.cause.code, 'INVALID_OPTION')
  })

  test('currentTask().retry() leaves the task to be tried again', async () => {
    assert.equal(await resultOf(await retryNow.delay(3)), 3)
  })

  test('currentTask().snooze() puts it off without using an attempt', async () => {
    const journal = new Journal()
    const handle = await snooze.delay(journal.path, 60)
    assert.equal(await resultOf(handle), 'awake')
    assert.ok(journal.lines().length >= 2)
    assert.deepEqual(new Set(journal.lines()), new Set(['attempt 1']))
    assert.deepEqual(await attemptsOf(handle), ['1 success'])
    const fraction = await snooze.delay(journal.path, 40.7)
    assert.equal(await resultOf(fraction), 'awake')
  })

  test('Ignore ends it as SUCCESS without a result', async () => {
    const handle = await ignore.delay()
    assert.equal(await resultOf(handle), undefined)
    assert.equal(await handle.state(), 'SUCCESS')
  })
})
