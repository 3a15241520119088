/** before, after, onSuccess, onRetry and onFailure of an app, in the thread that runs the task. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { Celeriac } from 'celeriac'
import { failureOf, resultOf } from '../fixtures/calls.ts'
import { freshDatabase } from '../fixtures/folder.ts'
import { openHooked } from '../fixtures/hooked-tasks.ts'
import { Journal } from '../fixtures/journal.ts'

describe('hooks', () => {
  const on = openHooked({ database: freshDatabase() })
  before(() => on.app.start())
  after(() => on.app.stop())

  for (const task of [on.echo, on.main]) {
    test(`of an attempt that succeeds, ${task === on.main ? 'on the main thread' : 'in a pool thread'}`, async () => {
      const journal = new Journal()
      const handle = await task.delay(journal.path, { a: 1 })
      assert.deepEqual(await resultOf(handle), { a: 1 })
      assert.deepEqual(journal.lines(), [
        `before ${task.taskName} 1 [{"a":1}]`,
        'second before',
        'success {"a":1}',
        'after SUCCESS',
      ])
      assert.deepEqual(await on.app.inspect.log(handle.id), [])
    })
  }

  test('of one that is tried again, and of one that fails for good', async () => {
    const journal = new Journal()
    const failure = await failureOf(await on.flaky.delay(journal.path, 'x'))
    assert.equal(failure.cause.message, 'attempt 2')
    assert.deepEqual(journal.lines(), [
      'before flaky 1 ["x"]',
      'second before',
      'retry in 7 of attempt 1',
      'after RETRY',
      'before flaky 2 ["x"]',
      'second before',
      'failure RangeError: attempt 2',
      'after FAILURE',
    ])
  })

  test('before that throws fails the attempt, and the function is not called', async () => {
    const journal = new Journal()
    const failure = await failureOf(await on.echo.delay(journal.path, 'refused'))
    assert.equal(failure.cause.message, 'refused by a hook')
    assert.deepEqual(journal.lines(), [
      'before echo 1 ["refused"]',
      'failure TypeError: refused by a hook',
      'after FAILURE',
    ])
  })

  test('one of the others that throws is logged with the job and changes nothing', async () => {
    const journal = new Journal()
    const handle = await on.echo.delay(journal.path, 'broken')
    assert.equal(await resultOf(handle), 'broken')
    const [line, ...more] = await on.app.inspect.log(handle.id)
    assert.equal(line?.level, 'error')
    assert.match(line?.text ?? '', /^the after hook failed: Error: a broken hook/)
    assert.deepEqual(more, [])
  })

  test('are told the state that the job goes to, however the function left', async () => {
    const cases: [{ delay(journal: string): Promise<{ id: string; get(o: object): Promise<unknown> }> }, string[]][] = [
      [on.ignore, ['success undefined', 'after SUCCESS']],
      [on.snooze, ['after SCHEDULED', 'success undefined', 'after SUCCESS']],
      [on.commit, ['success "committed"', 'after SUCCESS']],
      [on.unfit, ['failure InvalidPayload: result is a Map', 'after FAILURE']],
      [on.throwNothing, ['failure ThrownValue: null was thrown', 'after FAILURE']],
    ]
    for (const [task, expected] of cases) {
      const journal = new Journal()
      const handle = await task.delay(journal.path)
      await handle.get({ timeout: '20s' }).catch(() => {})
      // Told before the end is committed, but for the job that ended in its own transaction.
      await journal.has(expected.at(-1) as string)
      const told = journal.lines().filter((line) => !line.includes('before'))
      assert.equal(told.length, expected.length, told.join('\n'))
      for (const [i, line] of expected.entries())
        assert.ok(told[i]?.startsWith(line.slice(0, 20)), `${told[i]} is not ${line}`)
    }
  })

  test('know a job that was revoked', async () => {
    const journal = new Journal()
    const handle = await on.heed.delay(journal.path)
    await journal.has('heeding')
    await handle.revoke()
    await assert.rejects(handle.get({ timeout: '20s' }), { code: 'TASK_REVOKED' })
    assert.deepEqual(journal.lines().slice(-1), ['after REVOKED'])
  })
})

test('hooks know a job that is handed back because the app stops', async () => {
  const on = openHooked({ database: freshDatabase() })
  await on.app.start()
  const journal = new Journal()
  await on.heed.delay(journal.path)
  await journal.has('heeding')
  await on.app.stop()
  assert.deepEqual(journal.lines().slice(-1), ['after PENDING'])
})

test('a hook that is no function is refused', () => {
  assert.throws(() => new Celeriac().onFailure('x' as never), { code: 'INVALID_OPTION', message: /onFailure/ })
})
