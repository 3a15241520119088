/** Debounce and throttle through the public API. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { resultOf } from '../fixtures/calls.ts'
import { freshDatabase } from '../fixtures/folder.ts'
import { Journal } from '../fixtures/journal.ts'
import { openOnce } from '../fixtures/once-tasks.ts'

describe('a debounced task', () => {
  const { app, debounced, note } = openOnce({ database: freshDatabase() })
  before(() => app.start())
  after(() => app.stop())

  test('runs once for calls that follow closely, with the last arguments, after its delay', async () => {
    const journal = new Journal()
    const first = await debounced.delay(journal.path, 'a 1')
    const handles = await Promise.all([2, 3, 4].map((n) => debounced.delay(journal.path, `a ${n}`)))
    const other = await debounced.delay(journal.path, 'b')
    assert.deepEqual(
      [first, ...handles, other].map(({ duplicate }) => duplicate),
      [false, true, true, true, false],
    )
    assert.deepEqual(new Set(handles.map(({ id }) => id)), new Set([first.id]))
    const called = Date.now()
    const last = await debounced.applyAsync([journal.path, 'a 5'], { tags: ['last'] })
    assert.equal(last.id, first.id)
    await Promise.all([resultOf(last), resultOf(other)])
    const info = (await last.info())!
    assert.deepEqual([info.args, info.tags], [[journal.path, 'a 5'], ['last']])
    assert.ok(
      info.startedAt!.getTime() >= called + 1_000,
      `${info.startedAt!.getTime() - called} ms after the last call`,
    )
    assert.deepEqual(journal.lines().toSorted(), ['a 5', 'b'])
    const next = await debounced.delay(journal.path, 'a 6')
    assert.equal(next.duplicate, false)
    await next.revoke()
  })

  test('is not put off for longer than maxWait', async () => {
    const journal = new Journal()
    const first = await debounced.delay(journal.path, 'c 0')
    const { enqueuedAt } = (await first.info())!
    let n = 0
    let next = first
    for (; next.id === first.id; next = await debounced.delay(journal.path, `c ${++n}`)) {
      const { eta, state } = (await first.info())!
      assert.ok(
        eta!.getTime() <= enqueuedAt.getTime() + 3_000,
        `${eta!.getTime() - enqueuedAt.getTime()} ms (${state})`,
      )
      await pause(100)
    }
    assert.equal(next.duplicate, false, 'the call after it began is the first of the next run')
    assert.ok(n > 1, `${n} calls`)
    await Promise.all([resultOf(first), resultOf(next)])
    assert.deepEqual(journal.lines(), [`c ${n - 1}`, `c ${n}`])
  })

  test('may be any task, by an option of the call', async () => {
    const journal = new Journal()
    const options = { debounce: { key: 'call', delay: 2_000 } }
    const handles = []
    for (const line of ['x', 'y', 'z']) handles.push(await note.applyAsync([journal.path, line], options))
    const many = await note.delayMany(
      ['u', 'v'].map((line): [string, string] => [journal.path, line]),
      options,
    )
    assert.equal(new Set([...handles, ...many].map(({ id }) => id)).size, 1)
    await resultOf(handles[0]!)
    assert.deepEqual(journal.lines(), ['v'])
  })
})

describe('a throttled task', () => {
  test('runs the first call of a period', async () => {
    const { app, throttled, note } = openOnce({ database: freshDatabase() })
    await using _ = app
    await app.start()
    const journal = new Journal()
    const first = await throttled.delay(journal.path, 'a')
    await resultOf(first)
    const second = await throttled.delay(journal.path, 'a')
    const other = await throttled.delay(journal.path, 'b')
    assert.deepEqual([second.id, second.duplicate, other.duplicate], [first.id, true, false])
    await resultOf(other)
    const byArguments = { throttle: { every: '1h' } }
    const [one, two, three] = [
      await note.applyAsync([journal.path, 'c'], byArguments),
      await note.applyAsync([journal.path, 'c'], byArguments),
      await note.applyAsync([journal.path, 'd'], byArguments),
    ]
    assert.deepEqual([one!.duplicate, two!.duplicate, three!.duplicate], [false, true, false])
    await Promise.all([one!, three!].map(resultOf))
    assert.deepEqual(journal.lines().toSorted(), ['a', 'b', 'c', 'd'])
  })
})
