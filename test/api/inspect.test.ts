/** inspect: what runs, what waits, who is there, and why a job does not run. */
// Alone in its process: measures the processor time of the process.
import assert from 'node:assert/strict'
import { hostname } from 'node:os'
import { test } from 'node:test'
import Database from 'better-sqlite3'
import { resultOf } from '../fixtures/calls.ts'
import { freshDatabase } from '../fixtures/folder.ts'
import { Journal } from '../fixtures/journal.ts'
import { openApp } from '../fixtures/tasks.ts'
import { until } from '../fixtures/until.ts'

test('inspect shows the jobs, the queues and the processes of the file', async () => {
  const database = freshDatabase()
  const { app, add, fail, flaky, hold } = openApp({
    database,
    name: 'shop',
    queues: { one: { concurrency: 1 }, rests: { concurrency: 3 } },
  })
  await using _ = app
  const journal = new Journal()
  const early = await add.delay(1, 1)
  assert.match(await app.inspect.explain(early.id), /is due, but no process consumes this file — call app\.start\(\)/)
  await app.start()
  await resultOf(early)
  assert.match(await app.inspect.explain(early.id), /^ended as SUCCESS at 20/)

  const running = await hold.applyAsync([journal.path, 'first'], { queue: 'one' })
  const waiting = await hold.applyAsync([journal.path, 'second'], { queue: 'one' })
  await journal.has('first began')
  const later = await add.applyAsync([1, 1], { countdown: '1h' })
  const retried = await flaky.applyAsync([9], { retry: { maxRetries: 1, delay: '1h' } })
  await until(async () => (await retried.state()) === 'RETRY', 'the first attempt')
  const failed = await fail.delay('no paper')
  await until(() => failed.ready(), 'the failure')

  assert.deepEqual(
    (await app.inspect.active()).map(({ id }) => id),
    [running.id],
  )
  assert.deepEqual(new Set((await app.inspect.scheduled()).map(({ id }) => id)), new Set([later.id, retried.id]))
  assert.deepEqual(await app.inspect.reserved(), [])
  assert.equal((await app.inspect.query(waiting.id))?.state, 'PENDING')
  assert.equal(await app.inspect.query('never stored'), null)

  const [queue, ...others] = await app.inspect.queues()
  assert.deepEqual(
    others.map(({ queue, waiting, concurrency }) => [queue, waiting, concurrency]),
    [['rests', 0, 3]],
  )
  const { oldest, ...depth } = queue!
  assert.deepEqual(depth, {
    queue: 'one',
    waiting: 1,
    running: 1,
    noHandler: 0,
    concurrency: 1,
    paused: false,
    rateLimit: null,
  })
  assert.ok(oldest instanceof Date)

  const [worker] = await app.inspect.workers()
  const { key, startedAt, tasks, ...rest } = worker!
  assert.deepEqual(rest, { app: 'shop', host: hostname(), pid: process.pid, role: 'all', threads: 2 })
  assert.ok(startedAt instanceof Date && tasks.includes('hold'))
  const { key: pinged, pid, fault } = await app.inspect.ping()
  assert.deepEqual([pinged, pid, fault], [key, process.pid, null])
  const stats = await app.inspect.stats()
  assert.deepEqual([stats.role, stats.database, stats.concurrency], ['all', database, 2])
  assert.deepEqual(stats.states, { STARTED: 1, PENDING: 1, SCHEDULED: 1, RETRY: 1, SUCCESS: 1, FAILURE: 1 })
  const [asked, ...noMore] = await app.inspect.stats({ all: true, timeout: '20s' })
  assert.deepEqual([asked?.value?.states, noMore], [stats.states, []])
  const limitsOf = (task: string) => {
    const { concurrency, rateLimit } = app.inspect.registered().find(({ name }) => name === task)!
    return [concurrency, rateLimit]
  }
  assert.deepEqual(['add', 'twoAtOnce', 'ratedByKey'].map(limitsOf), [
    [null, null],
    [2, null],
    [null, '2/2s'],
  ])
  assert.ok(app.inspect.registered().some(({ name, runIn }) => name === 'main' && runIn === 'main'))

  const why = (id: string) => app.inspect.explain(id)
  assert.match(await why(running.id), /^has been running since .*, attempt 1$/)
  assert.match(await why(waiting.id), /^waits for its queue: "one" runs 1 jobs and its concurrency is 1$/)
  assert.match(await why(later.id), /^waits for its time, 20/)
  assert.match(await why(retried.id), /^attempt 1 failed \(attempt 1 failed\); the next one begins at 20/)
  assert.match(await why('never stored'), /^no job never stored is stored in this file$/)
  journal.open()
})

test('a queue at its limit costs no processor time while it waits', async () => {
  const { app, hold } = openApp({ database: freshDatabase(), queues: { one: { concurrency: 1 } } })
  await using _ = app
  const journal = new Journal()
  await app.start()
  const calls = Array.from({ length: 5 }, (_, i): [string, string] => [journal.path, `${i}`])
  const handles = await hold.delayMany(calls, { queue: 'one' })
  await journal.has('0 began')
  const before = process.cpuUsage()
  const began = performance.now()
  await until(() => performance.now() > began + 600, 'some time to pass')
  const { user, system } = process.cpuUsage(before)
  const share = (user + system) / 1_000 / (performance.now() - began)
  assert.ok(share < 0.4, `the process used ${Math.round(share * 100)} % of a core`)
  journal.open()
  for (const handle of handles) await resultOf(handle)
})

test('a job tells which process ran it after that process has left', async () => {
  const { app, flaky } = openApp({ database: freshDatabase() })
  await app.start()
  const [worker] = await app.inspect.workers()
  const handle = await flaky.delay(2)
  await resultOf(handle)
  assert.equal((await app.inspect.worker(worker!.key))?.present, true)
  await app.stop()
  await using _ = app
  await app.start({ role: 'producer' })
  assert.deepEqual(await app.inspect.workers(), [])
  const info = (await handle.info())!
  const { key, host, pid, startedAt } = worker!
  const known = { key, app: app.name, host, pid, startedAt, present: false }
  assert.deepEqual(await app.inspect.worker(info.worker!), known)
  assert.equal(await app.inspect.worker('nobody'), null)
  assert.deepEqual([info.worker, ...info.attempts.map((attempt) => attempt.worker)], Array(3).fill(worker!.key))
})

test('an attempt tells on which thread of its process it runs, and ran', async () => {
  const database = freshDatabase()
  const { app, hold, flaky, holdOnMain } = openApp({ database, concurrency: 2 })
  await using _ = app
  await app.start()
  const journal = new Journal()
  const held = await hold.delayMany([
    [journal.path, 'one'],
    [journal.path, 'two'],
  ])
  const onMain = await holdOnMain.delay(journal.path)
  for (const line of ['one', 'two', 'main']) await journal.has(`${line} began`)
  const threads = async (): Promise<(number | null)[]> =>
    Promise.all([...held, onMain].map(async (handle) => (await handle.info())!.thread)).then((all) => all.sort())
  assert.deepEqual(await threads(), [0, 1, 2])
  const [worker] = await app.reader.workers()
  assert.deepEqual(worker?.running.map(({ thread }) => thread).sort(), [0, 1, 2])
  journal.open()
  await Promise.all([...held.map(resultOf), resultOf(onMain)])
  assert.deepEqual(await threads(), [0, 1, 2])
  const retried = await flaky.applyAsync([3], { retry: { maxRetries: 3, delay: '1ms' } })
  await resultOf(retried)
  const info = (await retried.info())!
  for (const { thread } of info.attempts) assert.ok(thread === 1 || thread === 2, `thread ${thread}`)

  const db = new Database(database, { readonly: true })
  const attempts = db.prepare('SELECT worker, thread FROM celeriac_v_attempts WHERE task_id = ? ORDER BY number')
  assert.deepEqual(
    attempts.all(retried.id),
    info.attempts.map(({ worker, thread }) => ({ worker, thread })),
  )
  db.close()
})
