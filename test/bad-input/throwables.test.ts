/** Whatever a task throws or returns, its job ends with an error that can be read, and the next one is none the worse. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { InvalidPayload } from 'celeriac'
import { failureOf, resultOf } from '../fixtures/calls.ts'
import { freshDatabase } from '../fixtures/folder.ts'
import { openHostile, RETURNABLES, THROWABLES } from '../fixtures/hostile-tasks.ts'

describe('a task', () => {
  const { app, giveBack, giveClone, pollute, rejectWith, report, thread, throwIt } = openHostile({
    database: freshDatabase(),
  })
  let firstThread: number
  before(async () => {
    await app.start()
    firstThread = await resultOf(await thread.delay())
  })
  after(() => app.stop())

  for (const task of [throwIt, rejectWith]) {
    for (const [kind, { message }] of Object.entries(THROWABLES)) {
      test(`that ${task.taskName === 'throwIt' ? 'throws' : 'rejects with'} ${kind} fails with an error`, async () => {
        const handle = await task.delay(kind)
        const failure = await failureOf(handle)
        assert.equal(failure.code, 'TASK_FAILURE')
        assert.ok(failure.cause instanceof Error)
        assert.match(failure.cause.message, message)
        assert.equal(typeof failure.cause.stack, 'string')
        assert.equal((await handle.info())?.attempts[0]?.outcome, 'failure')
        assert.equal(await resultOf(await thread.delay()), firstThread, 'the thread goes on')
      })
    }
  }

  test('keeps class, code, cause and errors of what it throws', async () => {
    const { cause } = await failureOf(await throwIt.delay('aggregate'))
    assert.ok(cause instanceof AggregateError)
    const [one, two] = cause.errors as Error[]
    assert.ok(one instanceof TypeError)
    assert.equal(one.message, 'one')
    assert.match(two!.message, /'two' was thrown/)
    const circular = (await failureOf(await throwIt.delay('circular'))).cause
    assert.equal((circular.cause as Error).message, 'circular')
  })

  for (const [kind, { message }] of Object.entries(RETURNABLES)) {
    test(`that returns ${kind} fails, and says why`, async () => {
      const handle = await giveBack.delay(kind)
      const { cause } = await failureOf(handle)
      assert.match(cause.message, message)
      assert.equal(await handle.state(), 'FAILURE')
      assert.equal(await resultOf(await thread.delay()), firstThread)
    })
  }

  test('that returns what cannot be cloned fails with codec v8 too', async () => {
    const { cause } = await failureOf(await giveClone.delay())
    assert.ok(cause instanceof InvalidPayload)
    assert.match(cause.message, /^result cannot be stored: /)
  })

  test('that reports nonsense as progress fails in itself, not in the engine', async () => {
    app.on('task-progress', () => {})
    for (const value of [null, 'half', { done: 'much' }, { total: 5 }, [1]]) {
      const { cause } = await failureOf(await report.delay(value))
      assert.equal(cause.code, 'INVALID_OPTION')
      assert.match(cause.message, /^progress is .* — allowed: a finite number, or \{ done, total\?, message\? \}/)
    }
    const fine = await report.delay({ done: 1, message: 'm'.repeat(5_000), other: 'dropped' })
    await resultOf(fine)
    assert.deepEqual((await fine.info())?.progress, { done: 1, message: 'm'.repeat(1_000) })
  })

  test('that spoils Object.prototype spoils its own thread only', async () => {
    await resultOf(await pollute.delay())
    assert.equal(({} as { polluted?: boolean }).polluted, undefined)
    assert.ok(await resultOf(await thread.delay()))
  })
})
