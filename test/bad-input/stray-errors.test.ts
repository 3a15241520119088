/** Errors that no task's promise carries, and threads that end under their jobs. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { failureOf, resultOf } from '../fixtures/calls.ts'
import { freshDatabase } from '../fixtures/folder.ts'
import { openHostile } from '../fixtures/hostile-tasks.ts'
import { Journal } from '../fixtures/journal.ts'

describe('an error that a task leaves behind', () => {
  const opened = openHostile({ database: freshDatabase() })
  const { app, exit, exitBehind, exitIf, exitOnce, leaveBomb, leaveRejection, linger, ownBomb, thread } = opened
  before(() => app.start())
  after(() => app.stop())

  for (const kind of ['frozen', 'null', 'bare', 'wall']) {
    test(`in a timer (${kind}) harms neither its own job nor the one that runs by then, and the thread is replaced`, async () => {
      const left = await leaveBomb.delay(kind)
      const running = await linger.delay(200)
      assert.equal(await resultOf(left), 'ended well')
      const spoilt = await resultOf(running)
      for (const handle of [left, running]) {
        const info = (await handle.info())!
        assert.deepEqual([info.state, info.crashes, info.attempts.length], ['SUCCESS', 0, 1])
      }
      assert.notEqual(await resultOf(await thread.delay()), spoilt)
    })
  }

  test('as a rejection that nobody handles does no more harm', async () => {
    const left = await leaveRejection.delay()
    const running = await linger.delay(200)
    assert.equal(await resultOf(left), 'ended well')
    const spoilt = await resultOf(running)
    assert.equal((await running.info())?.attempts.length, 1)
    assert.notEqual(await resultOf(await thread.delay()), spoilt)
  })

  for (const kind of ['frozen', 'null', 'bare', 'wall']) {
    test(`while its job waits for it (${kind}) ends that job with the error`, async () => {
      const handle = await ownBomb.delay(kind)
      const failure = await failureOf(handle)
      assert.equal(failure.code, 'TASK_FAILURE')
      assert.notEqual(failure.cause.code, 'WORKER_LOST')
      assert.deepEqual(
        (await handle.info())!.attempts.map(({ outcome }) => outcome),
        ['failure'],
      )
      assert.ok(await resultOf(await thread.delay()))
    })
  }

  test('process.exit() in a task ends its thread only; the third time the job fails', async () => {
    const handle = await exit.delay(0)
    const { cause } = await failureOf(handle)
    assert.equal(cause.code, 'WORKER_LOST')
    assert.match(cause.message, /died \(3 times\)/)
    const info = (await handle.info())!
    assert.deepEqual(
      info.attempts.map(({ outcome }) => outcome),
      ['crash', 'crash', 'crash'],
    )
    assert.equal(info.crashes, 3)
    assert.ok(await resultOf(await thread.delay()))
  })

  test('with onCrash: fail it fails at once', async () => {
    const handle = await exitOnce.delay()
    const { cause } = await failureOf(handle)
    assert.equal(cause.code, 'WORKER_LOST')
    assert.equal((await handle.info())?.attempts.length, 1)
  })

  test('jobs that wait in the line of a thread that ends pay nothing', async () => {
    const journal = new Journal()
    const culprit = await exitBehind.delay(journal.path)
    await journal.has('exiting')
    const innocent = await thread.delayMany(Array.from({ length: 20 }, () => []))
    journal.open()
    for (const handle of innocent) {
      await resultOf(handle)
      const info = (await handle.info())!
      assert.deepEqual([info.attempt, info.crashes], [1, 0])
    }
    await failureOf(culprit)
  })

  test('nor do those that were handed to the thread together with the job that ends it', async () => {
    const some = (leaves: boolean, count: number) => Array.from({ length: count }, (): [boolean] => [leaves])
    // Known to be short, so that they are handed out by the dozen.
    for (const handle of await exitIf.delayMany(some(false, 40))) await resultOf(handle)
    const handles = await exitIf.delayMany([...some(false, 10), ...some(true, 1), ...some(false, 60)])
    const [culprit] = handles.splice(10, 1)
    for (const handle of handles) {
      await resultOf(handle)
      const { attempts, crashes } = (await handle.info())!
      assert.deepEqual([attempts.length, crashes], [1, 0])
    }
    assert.equal((await failureOf(culprit!)).cause.code, 'WORKER_LOST')
    assert.equal((await culprit!.info())?.crashes, 3)
  })
})
