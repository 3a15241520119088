/** What a task sees of itself: currentTask(), its log, and the calls it makes. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { currentTask, NotInTask } from 'celeriac'
import { failureOf, resultOf } from '../fixtures/calls.ts'
import { freshDatabase } from '../fixtures/folder.ts'
import { Journal } from '../fixtures/journal.ts'
import { openApp } from '../fixtures/tasks.ts'

describe('currentTask()', () => {
  const { app, enqueueAnother, join, main, report, whoAmI } = openApp({ database: freshDatabase() })
  before(() => app.start())
  after(() => app.stop())

  test('is nothing outside a task', () => {
    assert.throws(() => currentTask(), { name: 'NotInTask', code: 'NOT_IN_TASK', message: /outside a running task/ })
    assert.throws(() => whoAmI(), NotInTask)
  })

  test('knows the job', async () => {
    const handle = await whoAmI.applyAsync([1, 'two'], { retry: 2, tags: ['t'], headers: { h: 'x' } })
    const { enqueuedAt, thread, ...seen } = await resultOf(handle)
    assert.deepEqual(seen, {
      id: handle.id,
      name: 'whoAmI',
      args: [1, 'two'],
      attempt: 1,
      maxAttempts: 3,
      queue: 'default',
      parentId: null,
      rootId: handle.id,
      headers: { h: 'x' },
      tags: ['t'],
      scheduledFor: null,
      cancelled: false,
      aborted: false,
      pid: process.pid,
    })
    assert.equal(enqueuedAt, (await handle.info())?.enqueuedAt.getTime())
    assert.notEqual(thread, 0)
  })

  test('keeps log lines with the job, in order', async () => {
    const journal = new Journal()
    journal.open()
    const handle = await report.delay(journal.path)
    await resultOf(handle)
    const lines = (await app.inspect.log(handle.id)).map(({ level, text }) => `${level}: ${text}`)
    assert.deepEqual(lines, ['info: a quarter of 4', 'warn: done'])
  })

  test('a job enqueued inside a task is its child, and of the same family', async () => {
    const parent = await enqueueAnother.delay()
    const child = app.result<Awaited<ReturnType<typeof whoAmI>>>(await resultOf(parent))
    const seen = await resultOf(child)
    assert.deepEqual([seen.parentId, seen.rootId], [parent.id, parent.id])
    const info = (await child.info())!
    assert.deepEqual([info.parentId, info.rootId], [parent.id, parent.id])
  })

  test('get() inside a task is refused, because it can deadlock the pool, unless it is asked for', async () => {
    const failure = await failureOf(await join.delay(false))
    assert.equal(failure.cause.name, 'JoinInsideTask')
    assert.equal(failure.cause.code, 'JOIN_INSIDE_TASK')
    assert.equal(await resultOf(await join.delay(true)), 42)
  })

  test('a task with runIn: main runs on the event loop of the application, several at a time', async () => {
    const handles = await main.delayMany([[1], [2], [3]])
    for (const [i, handle] of handles.entries()) {
      const seen = await resultOf(handle)
      assert.deepEqual([seen.value, seen.isMainThread, seen.thread, seen.id], [i + 1, true, 0, handle.id])
      assert.equal((await handle.info())?.state, 'SUCCESS')
    }
  })
})
