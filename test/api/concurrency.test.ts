/** Concurrency limits of tasks. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Celeriac } from 'celeriac'
import { resultOf } from '../fixtures/calls.ts'
import { freshDatabase } from '../fixtures/folder.ts'
import { Journal } from '../fixtures/journal.ts'
import { Peer } from '../fixtures/peer.ts'
import { openApp } from '../fixtures/tasks.ts'
import { until } from '../fixtures/until.ts'

const callsOf = (journal: Journal, count: number, milliseconds: number | null) =>
  Array.from({ length: count }, (_, i): [string, string, number | null] => [journal.path, `job ${i}`, milliseconds])

describe('a limit of a task', () => {
  test('holds over its queues, and others are not held back by it', async () => {
    const { app, add, twoAtOnce } = openApp({ database: freshDatabase(), concurrency: 4 })
    await using _ = app
    await app.start()
    const journal = new Journal()
    const handles = [
      ...(await twoAtOnce.delayMany(callsOf(journal, 6, null))),
      ...(await twoAtOnce.delayMany(callsOf(journal, 6, 20), { queue: 'other' })),
    ]
    const waiting = handles.at(-1)!
    const full = 'waits for its task: "twoAtOnce" runs 2 jobs and its concurrency is 2'
    await until(async () => (await app.inspect.explain(waiting.id)) === full, `"${full}"`)
    assert.equal(await resultOf(await add.delay(1, 1)), 2)
    await until(() => journal.lines().length === 2, 'two to run')
    journal.open()
    for (const handle of handles) await resultOf(handle)
    assert.equal(journal.lines().length, 24)
    assert.equal(journal.mostAtOnce(), 2)
  })

  test('holds over two processes', async () => {
    const database = freshDatabase()
    const peers = [new Peer({ database }), new Peer({ database })]
    const { app, twoAtOnce } = openApp({ database })
    await using _ = app
    await app.start({ role: 'producer' })
    const journal = new Journal()
    const handles = [
      ...(await twoAtOnce.delayMany(callsOf(journal, 2, null))),
      ...(await twoAtOnce.delayMany(callsOf(journal, 14, 40))),
    ]
    await Promise.all(peers.map((peer) => peer.call('start')))
    await until(() => journal.lines().length === 2, 'two to run')
    journal.open()
    for (const handle of handles) await resultOf(handle)
    assert.equal(journal.lines().length, 32)
    assert.equal(journal.mostAtOnce(), 2)
    for (const peer of peers) assert.equal(await peer.leave(), 0)
  })

  test('is refused when it is no number of at least 1', () => {
    const app = new Celeriac({ database: freshDatabase() })
    const declare = (concurrency: unknown) => () => app.task('bad', { concurrency } as never, () => {})
    assert.throws(declare(0), { message: /^task "bad": concurrency is 0 — allowed: an integer of at least 1/ })
    assert.throws(declare({ limit: 0.5 }), { message: /^task "bad": concurrency\.limit is 0\.5/ })
    assert.throws(declare({}), {
      message: /^task "bad": concurrency is \{\} — allowed: a number, or \{ limit, key\?, onConflict\? \}/,
    })
    assert.throws(declare({ limt: 1 }), { message: /did you mean "limit"/ })
  })
})
