/** delay, applyAsync and delayMany, with every option of a call. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { resultOf } from '../fixtures/calls.ts'
import { freshDatabase } from '../fixtures/folder.ts'
import { Journal } from '../fixtures/journal.ts'
import { openApp } from '../fixtures/tasks.ts'

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

describe('calling a task', () => {
  const { app, add, whoAmI, note, ignored } = openApp({ database: freshDatabase() })
  before(() => app.start())
  after(() => app.stop())

  test('delay() resolves with a handle of a stored job, and get() with its result', async () => {
    const handle = await add.delay(2, 3)
    assert.match(handle.id, UUID_V7)
    assert.equal(handle.duplicate, false)
    assert.equal(await handle.exists(), true)
    assert.equal(await resultOf(handle), 5)
    assert.equal(await handle.state(), 'SUCCESS')
  })

  test('countdown and eta hold a job back until then, in the state SCHEDULED', async () => {
    const begun = Date.now()
    const counted = await whoAmI.applyAsync([], { countdown: '300ms' })
    const dated = await whoAmI.applyAsync([], { eta: new Date(begun + 400) })
    const later = await whoAmI.applyAsync([], { countdown: '1h' })
    assert.equal(await later.state(), 'SCHEDULED')
    await later.revoke()
    assert.equal((await dated.info())?.eta?.getTime(), begun + 400)
    await Promise.all([resultOf(counted), resultOf(dated)])
    for (const [handle, wait] of [
      [counted, 300],
      [dated, 400],
    ] as const) {
      const { enqueuedAt, startedAt } = (await handle.info())!
      assert.ok(startedAt!.getTime() >= begun + wait, `${startedAt!.getTime() - begun} ms after the call`)
      assert.ok(enqueuedAt.getTime() <= startedAt!.getTime())
    }
  })

  test('times with a fraction of a millisecond are as good as others', async () => {
    assert.equal(await resultOf(await add.applyAsync([1, 1], { countdown: 0.5, expires: 60_000.5 })), 2)
  })

  test('an eta in the past is due at once', async () => {
    assert.equal(await resultOf(await add.applyAsync([1, 2], { eta: Date.now() - 3_600_000 })), 3)
  })

  test('a job not begun by its expiry ends as EXPIRED and never runs', async () => {
    const journal = new Journal()
    const lines = ['by duration', 'by date', 'scheduled for later']
    const handles = [
      await note.applyAsync([journal.path, lines[0]!], { expires: 0 }),
      await note.applyAsync([journal.path, lines[1]!], { expires: new Date(Date.now() - 1) }),
      await note.applyAsync([journal.path, lines[2]!], { countdown: '1h', expires: '30ms' }),
    ]
    for (const handle of handles) {
      await assert.rejects(resultOf(handle), { name: 'TaskExpired', code: 'TASK_EXPIRED' })
      const info = await handle.info()
      assert.equal(info?.state, 'EXPIRED')
      assert.equal(info?.attempt, 0)
    }
    assert.equal(await resultOf(await note.applyAsync([journal.path, 'in time'], { expires: '1m' })), undefined)
    assert.deepEqual(journal.lines(), ['in time'])
  })

  test('queue, headers, tags and priority travel with the job', async () => {
    const options = { queue: 'mail', headers: { traceparent: '00-1', 'x-ü': '✓' }, tags: ['a', 'b'], priority: 7 }
    const handle = await whoAmI.applyAsync(['x'], options)
    const seen = await resultOf(handle)
    assert.equal(seen.queue, 'mail')
    assert.deepEqual(seen.headers, options.headers)
    assert.deepEqual(seen.tags, options.tags)
    assert.deepEqual(seen.args, ['x'])
    const info = (await handle.info())!
    assert.equal(info.priority, 7)
    assert.deepEqual([info.queue, info.headers, info.tags], ['mail', options.headers, options.tags])
  })

  test('a second call with the same taskId stores nothing and leads to the first job', async () => {
    const first = await add.applyAsync([1, 1], { taskId: 'invoice-7' })
    const second = await add.applyAsync([5, 5], { taskId: 'invoice-7' })
    assert.deepEqual([first.id, second.id], ['invoice-7', 'invoice-7'])
    assert.deepEqual([first.duplicate, second.duplicate], [false, true])
    assert.deepEqual([await resultOf(first), await resultOf(second)], [2, 2])
    const together = await Promise.all([3, 4, 5].map((n) => add.applyAsync([n, n], { taskId: 'invoice-8' })))
    assert.deepEqual(
      together.map(({ duplicate }) => duplicate),
      [false, true, true],
    )
    for (const handle of together) assert.equal(await resultOf(handle), 6)
  })

  test('ignoreResult keeps the state and drops the value', async () => {
    for (const handle of [await ignored.delay(), await add.applyAsync([1, 2], { ignoreResult: true })]) {
      assert.equal(await resultOf(handle as never), undefined)
      assert.equal(await handle.state(), 'SUCCESS')
      assert.equal((await handle.info())?.result, undefined)
    }
    assert.equal(await resultOf(await ignored.applyAsync([], { ignoreResult: false })), 'nobody wants this')
  })

  test('delayMany() gives handles in the order of its calls', async () => {
    const handles = await add.delayMany(
      Array.from({ length: 300 }, (_, i) => [i, i]),
      { tags: ['many'] },
    )
    assert.deepEqual(
      await Promise.all(handles.map(resultOf)),
      handles.map((_, i) => 2 * i),
    )
    assert.deepEqual((await handles[299]!.info())?.tags, ['many'])
    const ids = handles.map((handle) => handle.id)
    assert.deepEqual(ids, ids.toSorted())
    assert.deepEqual(await add.delayMany([]), [])
  })

  test('delayMany() stores all of its jobs or none', async () => {
    const before = (await app.inspect.stats()).states
    await assert.rejects(
      add.delayMany([
        [1, 2],
        [3, Number.NaN],
      ]),
      { code: 'INVALID_PAYLOAD', message: /^args\[1\] is NaN/ },
    )
    assert.deepEqual((await app.inspect.stats()).states, before)
  })

  test('a thousand calls in flight at once all land', async () => {
    const handles = await Promise.all(Array.from({ length: 1_000 }, (_, i) => add.delay(i, 1)))
    assert.deepEqual(
      await Promise.all(handles.map(resultOf)),
      handles.map((_, i) => i + 1),
    )
  })
})

describe('the order of jobs', () => {
  test('is by priority, higher first, and first in, first out within one', async () => {
    const { app, note } = openApp({ database: freshDatabase(), concurrency: 1 })
    await using _ = app
    const journal = new Journal()
    const expected: string[] = []
    for (const priority of [0, 9, 3]) {
      for (let i = 0; i < 20; i++) await note.applyAsync([journal.path, `${priority}: ${i}`], { priority })
    }
    for (const priority of [9, 3, 0]) for (let i = 0; i < 20; i++) expected.push(`${priority}: ${i}`)
    const last = await note.delay(journal.path, 'last')
    await app.start()
    await resultOf(last)
    await app.stop()
    assert.deepEqual(journal.lines(), [...expected, 'last'])
  })

  test('lets a low one go first that has been due for an hour longer, for each level between them', async () => {
    const { app, note } = openApp({ database: freshDatabase(), concurrency: 1 })
    await using _ = app
    const journal = new Journal()
    const due = (hours: number) => ({ priority: 0, eta: new Date(Date.now() - hours * 3_600_000) })
    for (const priority of [0, 3, 9]) await note.applyAsync([journal.path, `${priority}, fresh`], { priority })
    await note.applyAsync([journal.path, '0, for 2.5 hours'], due(2.5))
    await note.applyAsync([journal.path, '0, for 3.5 hours'], due(3.5))
    await app.start()
    await journal.has('0, fresh')
    assert.deepEqual(journal.lines(), ['9, fresh', '0, for 3.5 hours', '3, fresh', '0, for 2.5 hours', '0, fresh'])
  })
})

describe('more jobs than one sweep looks at', () => {
  test('expire without one of them being run', async () => {
    const { app, note } = openApp({ database: freshDatabase() })
    await using _ = app
    const journal = new Journal()
    const calls = Array.from({ length: 2_500 }, (): [string, string] => [journal.path, 'ran'])
    const handles = await note.delayMany(calls, { expires: 1 })
    await app.start()
    const states = await Promise.all(
      handles.map((handle) =>
        resultOf(handle).then(
          () => 'ran',
          (error: Error) => error.name,
        ),
      ),
    )
    await app.stop()
    assert.deepEqual(new Set(states), new Set(['TaskExpired']))
    assert.deepEqual(journal.lines(), [])
  })
})
