/** `input`: a Standard Schema, checked when a job is enqueued and again before it runs. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { InvalidInput } from 'celeriac'
import { failureOf, resultOf } from '../fixtures/calls.ts'
import { openChecked, openUnchecked } from '../fixtures/checked-tasks.ts'
import { freshDatabase } from '../fixtures/folder.ts'

describe('an input schema', () => {
  const database = freshDatabase()
  const { app, claim, greet } = openChecked({ database })
  const old = openUnchecked({ database })
  before(() => app.start())
  after(async () => {
    await app.stop()
    await old.app.stop()
  })

  test('refuses a call in the caller, with every issue and its path', async () => {
    await assert.rejects(greet.delay({ name: ' ', age: -1 }), (error) => {
      assert.ok(error instanceof InvalidInput)
      assert.equal(error.code, 'INVALID_INPUT')
      assert.match(error.message, /^the arguments of "greet" do not fit its input schema — args\[0\]\[name\]: /)
      assert.deepEqual(
        error.issues.map((issue) => issue.path),
        ['args[0][name]', 'args[0][age]'],
      )
      return true
    })
    await assert.rejects(greet.delayMany([[{ name: 'Ada' }], [{ name: '' }]]), InvalidInput)
    assert.deepEqual((await app.inspect.stats()).states, {})
  })

  test('hands the task what the schema makes of the arguments, and keeps what was given', async () => {
    const handle = await greet.delay({ name: ' Ada ' })
    assert.equal(await resultOf(handle), 'Ada, 18')
    assert.equal(await resultOf(await greet.delay({ name: 'Bob', age: '41' })), 'Bob, 41')
    assert.deepEqual((await handle.info())?.args, [{ name: ' Ada ' }])
  })

  test('may be asynchronous, except within a transaction', async () => {
    assert.equal(await resultOf(await claim.delay('free')), 'free')
    await assert.rejects(claim.delay('taken'), { code: 'INVALID_INPUT', message: /args\[0\]: is taken/ })
    assert.throws(() => claim.within({} as never).delay('free'), { code: 'INVALID_INPUT', message: /asynchronous/ })
  })

  test('is checked again before the job runs: who stored it may not have known it', async () => {
    const handle = await old.greet.applyAsync([{ name: 5 }], { retry: 3 })
    const failure = await failureOf(app.result(handle.id))
    assert.equal(failure.cause.name, 'InvalidInput')
    assert.ok(failure.cause instanceof InvalidInput)
    assert.match(failure.cause.message, /args\[0\]\[name\]/)
    assert.deepEqual(
      failure.cause.issues.map((issue) => issue.path),
      ['args[0][name]'],
    )
    assert.equal((await handle.info())?.attempt, 1, 'what does not fit now will not fit at the next attempt')
  })
})
