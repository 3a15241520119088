/** AsyncResult: get() with its ways out, state, info, forget and progress. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { AsyncResult, type EventMap, type Progress, ResultTimeout, TaskFailure, UnknownTask } from 'celeriac'
import { failureOf, resultOf } from '../fixtures/calls.ts'
import { freshDatabase } from '../fixtures/folder.ts'
import { Journal } from '../fixtures/journal.ts'
import { openApp } from '../fixtures/tasks.ts'
import { until } from '../fixtures/until.ts'

describe('a result', () => {
  const { app, add, echo, fail, flaky, hold, never, report, reportOften } = openApp({
    database: freshDatabase(),
    concurrency: 3,
  })
  before(() => app.start())
  after(() => app.stop({ drain: 0, grace: 0 }))

  test('is what the task returned, for get() as often as it is asked', async () => {
    const value = { list: [1, null, 'ü', { deep: true }], empty: '' }
    const handle = await echo.delay(value)
    assert.deepEqual(await Promise.all([resultOf(handle), resultOf(handle)]), [value, value])
    assert.deepEqual(await handle.get(), value)
    assert.deepEqual(await app.result(handle.id).get(), value)
    assert.equal(await resultOf(await echo.delay(null)), null)
  })

  test('get({ timeout }) gives up, and the job goes on', async () => {
    const journal = new Journal()
    const handle = await hold.delay(journal.path, 'job')
    await assert.rejects(handle.get({ timeout: 40 }), (error) => {
      assert.ok(error instanceof ResultTimeout)
      assert.equal(error.message, `job ${handle.id} did not end within 40 ms; it goes on`)
      return true
    })
    await assert.rejects(handle.get({ timeout: 0 }), ResultTimeout)
    journal.open()
    assert.equal(await resultOf(handle), 'job')
  })

  test('get({ signal }) stops the wait, not the job', async () => {
    const journal = new Journal()
    const handle = await hold.delay(journal.path, 'job')
    const reason = new Error('the user left')
    const controller = new AbortController()
    const waiting = handle.get({ signal: controller.signal, timeout: '1m' })
    controller.abort(reason)
    await assert.rejects(waiting, reason)
    await assert.rejects(handle.get({ signal: AbortSignal.abort(reason) }), reason)
    journal.open()
    assert.equal(await handle.get({ signal: new AbortController().signal }), 'job')
  })

  test("of a failed job is TaskFailure with the task's error as its cause", async () => {
    const handle = await fail.delay('no paper')
    const failure = await failureOf(handle)
    assert.ok(failure instanceof TaskFailure)
    assert.equal(failure.taskId, handle.id)
    assert.match(failure.message, /^task "fail" \(job [0-9a-f-]+\) failed: no paper$/)
    assert.equal(failure.cause.message, 'no paper')
    assert.match(failure.cause.stack!, /no paper\n.*tasks\.js/)
    assert.deepEqual([await handle.failed(), await handle.successful(), await handle.ready()], [true, false, true])
  })

  test('of an id that was never stored is UnknownTask, and there is no state', async () => {
    const handle = app.result('0190f0f0-0000-7000-8000-000000000000')
    assert.ok(handle instanceof AsyncResult)
    assert.deepEqual(
      [await handle.state(), await handle.info(), await handle.exists(), await handle.ready(), await handle.failed()],
      [null, null, false, false, false],
    )
    await assert.rejects(handle.get(), UnknownTask)
    assert.equal(await handle.revoke(), null)
    assert.equal(await handle.forget(), false)
    const seen: Progress[] = []
    for await (const progress of handle.progress()) seen.push(progress)
    assert.deepEqual(seen, [])
  })

  test('info() tells everything that is kept of a job', async () => {
    const before = Date.now()
    const handle = await add.applyAsync([2, 3], { headers: { h: '1' }, tags: ['t'], expires: '1h' })
    await resultOf(handle)
    const { enqueuedAt, startedAt, finishedAt, expires, attempts, worker, thread, ...rest } = (await handle.info())!
    assert.deepEqual(rest, {
      id: handle.id,
      task: 'add',
      args: [2, 3],
      queue: 'default',
      priority: 0,
      state: 'SUCCESS',
      eta: null,
      attempt: 1,
      maxAttempts: 1,
      crashes: 0,
      uniqueKey: null,
      concurrencyKey: null,
      progress: null,
      error: null,
      revokeReason: null,
      parentId: null,
      rootId: handle.id,
      schedule: null,
      scheduledFor: null,
      headers: { h: '1' },
      tags: ['t'],
      result: 5,
    })
    const times = [before, enqueuedAt, startedAt!, finishedAt!, Date.now()].map(Number)
    assert.deepEqual(
      times,
      times.toSorted((a, b) => a - b),
    )
    assert.ok(Number(expires) >= before + 3_600_000)
    assert.equal(attempts.length, 1)
    assert.equal(attempts[0]!.outcome, 'success')
    const [own] = await app.inspect.workers()
    assert.equal(worker, own!.key)
    assert.ok(thread === 1 || thread === 2, `thread ${thread}`)
    assert.equal(attempts[0]!.thread, thread)
  })

  test('info() lists every attempt with its error', async () => {
    const handle = await flaky.delay(3)
    assert.equal(await resultOf(handle), 3)
    const info = (await handle.info())!
    assert.deepEqual([info.attempt, info.maxAttempts], [3, 4])
    assert.deepEqual(
      info.attempts.map(({ number, outcome, error }) => [number, outcome, error?.name ?? null, error?.message ?? null]),
      [
        [1, 'retry', 'RangeError', 'attempt 1 failed'],
        [2, 'retry', 'RangeError', 'attempt 2 failed'],
        [3, 'success', null, null],
      ],
    )
    for (const { startedAt, endedAt } of info.attempts) assert.ok(Number(startedAt) <= Number(endedAt))
  })

  test('forget() drops the arguments and the value of an ended job, for good', async () => {
    const handle = await add.delay(1, 2)
    await resultOf(handle)
    assert.equal(await handle.forget(), true)
    await assert.rejects(handle.get(), { name: 'ResultExpired', code: 'RESULT_EXPIRED' })
    const info = (await handle.info())!
    assert.deepEqual([info.state, info.args, info.result], ['SUCCESS', [], undefined])

    const running = await never.delay(new Journal().path)
    assert.equal(await running.forget(), false)
    assert.deepEqual((await running.info())?.args.length, 1)
    await running.revoke({ terminate: true })
  })

  test('progress() gives each step once and ends with the job', async () => {
    const journal = new Journal()
    const handle = await report.delay(journal.path)
    const seen: Progress[] = []
    for await (const progress of handle.progress()) {
      seen.push(progress)
      journal.open()
    }
    assert.deepEqual(seen[0], { done: 1, total: 4, message: 'a quarter' })
    assert.deepEqual(seen.at(-1), { done: 4, total: 4 })
    assert.equal(new Set(seen.map((step) => JSON.stringify(step))).size, seen.length)
    assert.equal(await resultOf(handle), 'reported')
    assert.deepEqual((await handle.info())?.progress, { done: 4, total: 4 })
    const late: Progress[] = []
    for await (const progress of handle.progress()) late.push(progress)
    assert.deepEqual(late, [{ done: 4, total: 4 }])
  })

  test('progress is told four times a second at most, and the last of it always', async () => {
    const events: EventMap['task-progress'][] = []
    app.on('task-progress', (event) => events.push(event))
    const handle = await reportOften.delay(800)
    const last = await resultOf(handle)
    const { startedAt, finishedAt, progress } = (await handle.info())!
    assert.equal(progress, last)
    const of = () => events.filter(({ id }) => id === handle.id).map((event) => event.progress)
    await until(() => of().at(-1) === last, 'the last event')
    const told = of()
    // The first, one for each quarter of a second, and the last.
    const most = 2 + (Number(finishedAt) - Number(startedAt)) / 250
    assert.ok(told.length > 1 && told.length <= most, `${told.length} of ${last}, at most ${most}`)
  })

  test('a consumer of progress() that leaves early is let go', async () => {
    const journal = new Journal()
    const handle = await report.delay(journal.path)
    for await (const _ of handle.progress()) break
    journal.open()
    assert.equal(await resultOf(handle), 'reported')
  })
})
