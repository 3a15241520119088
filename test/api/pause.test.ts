/** Pause and resume of queues and tasks: kept in the file, obeyed by every process. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { resultOf } from '../fixtures/calls.ts'
import { freshDatabase } from '../fixtures/folder.ts'
import { Journal } from '../fixtures/journal.ts'
import { Peer } from '../fixtures/peer.ts'
import { openApp } from '../fixtures/tasks.ts'

test('a paused queue starts nothing until it is resumed, and others go on', async () => {
  const { app, add } = openApp({ database: freshDatabase() })
  await using _ = app
  await app.start()
  await app.control.pause('mail')
  const held = await add.applyAsync([1, 2], { queue: 'mail' })
  assert.equal(await resultOf(await add.delay(2, 3)), 5)
  assert.equal(await held.state(), 'PENDING')
  assert.match(
    await app.inspect.explain(held.id),
    /^its queue "mail" has been paused since 20.*resume\(\{ queue: 'mail' \}\)/,
  )
  const [queue] = await app.inspect.queues()
  assert.deepEqual([queue?.queue, queue?.paused, queue?.waiting], ['mail', true, 1])
  assert.deepEqual(await app.inspect.paused(), { queues: ['mail'], tasks: [] })
  await app.drained()

  await app.control.resume({ queue: 'mail' })
  assert.equal(await resultOf(held), 3)
  assert.deepEqual(await app.inspect.paused(), { queues: [], tasks: [] })
})

test('a paused task starts nothing in any queue, and the pause outlives a restart', async () => {
  const { app, add, echo } = openApp({ database: freshDatabase() })
  await using _ = app
  await app.start()
  await app.control.pause({ task: 'add' })
  const held = [await add.delay(1, 2), await add.applyAsync([2, 2], { queue: 'mail' })]
  await app.stop()
  await app.start()
  assert.equal(await resultOf(await echo.delay('free')), 'free')
  for (const handle of held) assert.equal(await handle.state(), 'PENDING')
  assert.match(await app.inspect.explain(held[0]!.id), /^its task "add" has been paused since 20/)
  await app.control.pause('other')
  await app.control.resume({ task: 'echo' })
  assert.deepEqual(await app.inspect.paused(), { queues: ['other'], tasks: ['add'] })
  await app.control.resume()
  assert.deepEqual(await Promise.all(held.map(resultOf)), [3, 4])
  assert.deepEqual(await app.inspect.paused(), { queues: [], tasks: [] })
})

test('what is to be paused is named, as a queue or as a task', async () => {
  const { app } = openApp({ database: freshDatabase() })
  await using _ = app
  await assert.rejects(app.control.pause({} as never), {
    code: 'INVALID_OPTION',
    message: /^pause\(\) is \{\} — allowed/,
  })
  await assert.rejects(app.control.pause({ queue: 'a', task: 'b' } as never), { code: 'INVALID_OPTION' })
  await assert.rejects(app.control.pause(''), { message: /^pause\(\): queue is ''/ })
  await assert.rejects(app.control.resume({ tsk: 'b' } as never), { message: /did you mean "task"/ })
})

describe('over two processes', () => {
  const database = freshDatabase()
  const { app, add, note, takeTime } = openApp({ database })
  after(async () => {
    await app.stop()
    assert.equal(await peer.leave(), 0)
  })
  const peer = new Peer({ database })
  before(() => app.start({ role: 'producer' }))
  before(() => peer.call('start'))

  test('once pause() has resolved the other process claims nothing more', async () => {
    const journal = new Journal()
    const calls = Array.from({ length: 60 }, (_, i): [string, string, number] => [journal.path, `job ${i}`, 5])
    const handles = await takeTime.delayMany(calls, { queue: 'mail' })
    await journal.has('job 3 ended')
    await app.control.pause('mail')
    const { PENDING: waiting } = (await app.inspect.stats()).states
    assert.ok(Number(waiting) > 0, 'some still wait')
    for (let i = 0; i < 20; i++) assert.equal(await resultOf(await add.delay(i, 1)), i + 1)
    assert.equal((await app.inspect.stats()).states.PENDING, waiting)
    await app.control.resume('mail')
    for (const handle of handles) await resultOf(handle)
  })

  test('either may pause what the other resumes', async () => {
    const journal = new Journal()
    await peer.call('pause', { task: 'note' })
    const held = await note.delay(journal.path, 'held')
    assert.equal(await resultOf(await add.delay(1, 1)), 2)
    assert.equal(await peer.call('state', held.id), 'PENDING')
    await app.control.resume()
    await resultOf(held)
  })
})
