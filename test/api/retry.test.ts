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
  const { app, choosy, fail, flaky, heldBack, ignore, later, permanent, retryNow, snooze } = openApp({
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

  test('waits as long as the policy says between attempts', async () => {
    const handle = await flaky.applyAsync([2], {
      retry: { maxRetries: 1, backoff: 'fixed', delay: 250, jitter: 'none' },
    })
    assert.equal(await resultOf(handle), 2)
    const [first, second] = (await handle.info())!.attempts
    const waited = Number(second!.startedAt) - Number(first!.endedAt)
    assert.ok(waited >= 250, `${waited} ms`)
  })

  /** The state that the job waits in after its attempt, and for how long. */
  async function waitOf(handle: AsyncResult<unknown>): Promise<[state: string, milliseconds: number]> {
    const { state, eta, attempts } = await until(async () => {
      const info = await handle.info()
      return info?.eta && info
    }, 'the next attempt to be set')
    assert.equal(await handle.revoke(), 'REVOKED')
    return [state, Number(eta) - Number(attempts.at(-1)?.endedAt)]
  }

  test('waits for a delay that is longer than the longest that is the default', async () => {
    const journal = new Journal()
    journal.open()
    const hour = 3_600_000
    assert.deepEqual(await waitOf(await heldBack.delay(journal.path)), ['RETRY', hour])
    const policy = { maxRetries: 1, delay: '2h', jitter: 'none' } as const
    assert.deepEqual(await waitOf(await fail.applyAsync(['x'], { retry: policy })), ['RETRY', 2 * hour])
    const bounded = await fail.applyAsync(['x'], { retry: { ...policy, maxDelay: '5m' } })
    assert.deepEqual(await waitOf(bounded), ['RETRY', 300_000])
  })

  test("a policy of the call goes before the task's, which lends what it leaves out", async () => {
    const journal = new Journal()
    journal.open()
    assert.deepEqual(await waitOf(await heldBack.applyAsync([journal.path], { retry: 4 })), ['RETRY', 3_600_000])
    const longer = await heldBack.applyAsync([journal.path], { retry: { maxRetries: 4, delay: '3h' } })
    assert.deepEqual(await waitOf(longer), ['RETRY', 3 * 3_600_000])
    const asked = await choosy.applyAsync(['range'], { retry: 4 })
    await failureOf(asked)
    assert.deepEqual(await attemptsOf(asked), ['1 failure'], 'its predicate')
    const counted = await choosy.applyAsync(['type'], { retry: 1 })
    await failureOf(counted)
    assert.deepEqual(await attemptsOf(counted), ['1 retry', '2 failure'])
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
    const sooner = await later.applyAsync([2, 1], { retry: { maxRetries: 1, delay: '1h' } })
    assert.equal(await resultOf(sooner), 2, 'whatever the policy says')
    const exhausted = await later.delay(99, 1)
    await failureOf(exhausted)
    assert.equal((await attemptsOf(exhausted)).length, 4)
    const nonsense = await failureOf(await later.delay(2, 'soon'))
    assert.equal(nonsense.cause.code, 'INVALID_OPTION')
  })

  test('currentTask().retry() leaves the task to be tried again', async () => {
    assert.equal(await resultOf(await retryNow.delay(3, 5)), 3)
    assert.equal(await resultOf(await retryNow.delay(3, null)), 3)
    assert.deepEqual(await waitOf(await retryNow.delay(2, '1h')), ['RETRY', 3_600_000])
    const retry = { maxRetries: 1, delay: '2h', jitter: 'none' } as const
    assert.deepEqual(await waitOf(await retryNow.applyAsync([2, null], { retry })), ['RETRY', 2 * 3_600_000])
  })

  test('currentTask().snooze() puts it off without using an attempt', async () => {
    const journal = new Journal()
    const handle = await snooze.delay(journal.path, 60.7)
    assert.equal(await resultOf(handle), 'awake')
    assert.deepEqual(journal.lines(), ['attempt 1', 'attempt 1'])
    assert.deepEqual(await attemptsOf(handle), ['1 success'])
    const called = Date.now()
    const long = await snooze.delay(new Journal().path, '1h')
    await until(async () => (await long.state()) === 'SCHEDULED', 'the snooze')
    const { attempt, attempts, eta } = (await long.info())!
    assert.deepEqual([attempt, attempts.length], [0, 0])
    const wait = Number(eta) - 3_600_000
    assert.ok(wait >= called && wait <= Date.now(), `until ${eta?.toISOString()}`)
    await long.revoke()
  })

  test('Ignore ends it as SUCCESS without a result', async () => {
    const handle = await ignore.delay()
    assert.equal(await resultOf(handle), undefined)
    assert.equal(await handle.state(), 'SUCCESS')
  })
})
