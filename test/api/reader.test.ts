/** The reader: the whole file in plain data, with an app, from another process's point of view, and with no app at all. */
import assert from 'node:assert/strict'
import { copyFileSync, existsSync, renameSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import Database from 'better-sqlite3'
import { Reader } from 'celeriac'
import { resultOf } from '../fixtures/calls.ts'
import { freshDatabase } from '../fixtures/folder.ts'
import { Journal } from '../fixtures/journal.ts'
import { Peer } from '../fixtures/peer.ts'
import { openApp } from '../fixtures/tasks.ts'
import { until } from '../fixtures/until.ts'

test('the reader shows jobs, queues, workers and schedules of a running app', async () => {
  const database = freshDatabase()
  const { app, add, fail, hold } = openApp({ database, name: 'shop', redact: ['0'] })
  app.schedule('nightly', { cron: '0 3 * * *', run: add.s(1, 1), paused: true })
  await using _ = app
  const journal = new Journal()
  await app.start()
  const good = await add.delay(20, 22)
  assert.equal(await resultOf(good), 42)
  const bad = await fail.delay('no paper')
  await until(() => bad.ready(), 'the failure')
  const running = await hold.applyAsync([journal.path, 'first'], { queue: 'one' })
  await journal.has('first began')
  const later = await add.applyAsync([1, 1], { countdown: '1h' })

  const { states, workers, threads, oldestWaiting, file } = await app.reader.overview()
  assert.deepEqual(
    { ...states },
    {
      SCHEDULED: 1,
      PENDING: 0,
      BLOCKED: 0,
      STARTED: 1,
      RETRY: 0,
      SUCCESS: 1,
      FAILURE: 1,
      REVOKED: 0,
      EXPIRED: 0,
    },
  )
  assert.deepEqual([workers, threads, oldestWaiting, file.path], [1, 2, null, database])
  assert.ok(file.bytes > 0 && file.walBytes > 0)

  const page = await app.reader.job(good.id)
  assert.deepEqual([page?.job.state, page?.job.args, page?.job.result], ['SUCCESS', ['[redacted]', 22], 42])
  assert.equal((await app.reader.job(bad.id))?.job.error?.message, 'no paper')
  assert.equal(await app.reader.job('never stored'), null)

  const spans = await app.reader.throughput({ minutes: 2 })
  assert.deepEqual([spans.length, spans.reduce((sum, { success }) => sum + success, 0)], [2, 1])
  const totals = await app.reader.totals()
  assert.deepEqual(
    totals.map(({ task, success, failure }) => [task, success, failure]),
    [
      ['add', 1, 0],
      ['fail', 0, 1],
    ],
  )
  assert.deepEqual(
    (await app.reader.jobs({ state: 'FAILURE' })).jobs.map(({ id }) => id),
    [bad.id],
  )
  await assert.rejects(app.reader.throughput({ minutes: 0 }), { code: 'INVALID_OPTION' })

  const [queue] = await app.reader.queues()
  assert.deepEqual(queue, {
    queue: 'one',
    pending: 0,
    running: 1,
    oldest: null,
    tasks: [{ task: 'hold', pending: 0, running: 1, handled: true }],
  })
  const [worker] = await app.reader.workers()
  assert.equal(worker?.alive, true)
  assert.deepEqual([worker?.pid, worker?.running.map(({ id }) => id)], [process.pid, [running.id]])
  const [schedule] = await app.reader.schedules()
  assert.deepEqual([schedule?.name, schedule?.task, schedule?.paused, schedule?.ledger], ['nightly', 'add', true, []])

  journal.open()
  await resultOf(running)
  await later.revoke()
})

test('the reader tells what happened between two looks', async () => {
  const { app, add, fail, hold } = openApp({ database: freshDatabase() })
  await using _ = app
  const journal = new Journal()
  const waiting = await add.delay(1, 2)
  const first = await app.reader.eventsSince()
  assert.deepEqual([first.changes, first.skipped], [[], 0])
  await app.start()
  await resultOf(waiting)
  const running = await hold.delay(journal.path, 'held')
  await journal.has('held began')
  const bad = await fail.delay('no ink')
  await until(() => bad.ready(), 'the failure')

  const second = await app.reader.eventsSince(first.cursor)
  const of = (id: string) => second.changes.filter((change) => change.id === id).map(({ event }) => event)
  assert.deepEqual(of(waiting.id), ['task-started', 'task-succeeded'])
  assert.deepEqual(of(running.id), ['task-sent', 'task-started'])
  assert.deepEqual(of(bad.id), ['task-sent', 'task-started', 'task-failed'])
  assert.equal(second.changes.find(({ event }) => event === 'task-failed')?.error, 'no ink')
  assert.deepEqual(
    second.changes.filter(({ event }) => event === 'worker-online').map(({ pid }) => pid),
    [process.pid],
  )
  assert.equal(second.skipped, 0)

  journal.open()
  await resultOf(running)
  const third = await app.reader.eventsSince(second.cursor)
  assert.deepEqual(
    third.changes.map(({ event, id }) => [event, id]),
    [['task-succeeded', running.id]],
  )
})

test('the pulse is another one after whatever happened, and stays the same while nothing does', async () => {
  const { app, add, heldBack } = openApp({ database: freshDatabase() })
  await using _ = app
  const journal = new Journal()
  const moved = async (what: string): Promise<void> => {
    await until(async () => (await app.reader.pulse()).mark !== last, what)
    last = (await app.reader.pulse()).mark
  }
  await add.delay(1, 2)
  let last = (await app.reader.pulse()).mark
  assert.equal((await app.reader.pulse()).mark, last)
  await add.delay(1, 2)
  await moved('a job that was stored')
  await app.control.pause('default')
  await moved('a pause')
  await app.control.resume('default')
  await moved('its end')
  await app.start()
  await moved('a process and what it does')
  const later = await heldBack.delay(journal.path)
  await until(async () => (await app.reader.pulse()).running === 1, 'a job that runs')
  last = (await app.reader.pulse()).mark
  journal.open()
  await moved('the end of an attempt')
  await until(async () => (await later.state()) === 'RETRY', 'the retry')
  assert.equal((await app.reader.pulse()).running, 0)
})

test('a file is read when no app runs, and anew when another takes its place', async () => {
  const database = freshDatabase()
  const { app, add } = openApp({ database })
  await app.start()
  const { id } = await add.delay(1, 2)
  await resultOf(app.result(id))
  await app.stop()

  const reader = Reader.open(database)
  assert.equal((await reader.job(id))?.job.result, 3)
  assert.deepEqual(await reader.workers(), [])
  renameSync(database, `${database}.old`)
  const other = openApp({ database })
  await other.app.start()
  await other.app.stop()
  assert.equal(await reader.job(id), null)
  await reader.close()

  const old = Reader.open(`${database}.old`)
  assert.equal((await old.job(id))?.job.result, 3)
  await old.close()
})

test('what is no file of an app is said, and nothing is made of it', async () => {
  const database = freshDatabase()
  await assert.rejects(Reader.open(database).overview(), { code: 'DATABASE_UNAVAILABLE' })
  assert.ok(!existsSync(database))
  const db = new Database(database)
  db.exec('CREATE TABLE users (id INTEGER)')
  db.close()
  await assert.rejects(Reader.open(database).overview(), { code: 'DATABASE_FOREIGN', message: /holds no tables of/ })
  writeFileSync(`${database}.txt`, 'these are words, and no database'.repeat(100))
  await assert.rejects(Reader.open(`${database}.txt`).overview(), { code: 'DATABASE_FOREIGN' })
  copyFileSync(`${database}.txt`, `${database}.copy`)
  const { app } = openApp({ database: `${database}.copy` })
  await assert.rejects(app.reader.overview(), { code: 'DATABASE_FOREIGN' })
  await app.stop()
})

test('a reader of the file alone masks what the apps that started on it mask, unless it is told not to', async () => {
  const database = freshDatabase()
  const seen = async (options?: { redact: readonly string[] | false }): Promise<unknown[]> => {
    const reader = Reader.open(database, options)
    const { jobs } = await reader.jobs()
    const page = await reader.job(jobs[0]!.id)
    assert.deepEqual(page?.job.args, jobs[0]?.args)
    await reader.close()
    return jobs[0]!.args
  }
  const started = async (name: string, redact: string[]): Promise<void> => {
    const { app, add } = openApp({ database, name, redact })
    await app.start({ role: 'producer' })
    await add.delay(1, 2)
    await app.stop()
  }
  await started('shop', ['0'])
  assert.deepEqual(await seen(), ['[redacted]', 2])
  assert.deepEqual(await seen({ redact: ['1'] }), ['[redacted]', '[redacted]'])
  assert.deepEqual(await seen({ redact: false }), [1, 2])
  await started('office', ['1'])
  assert.deepEqual(await seen(), ['[redacted]', '[redacted]'])
  await started('shop', [])
  assert.deepEqual(await seen(), [1, '[redacted]'])
  const { app } = openApp({ database, name: 'other' })
  assert.deepEqual((await app.reader.jobs()).jobs[0]?.args, [1, '[redacted]'])
  await app.stop()
})

test('the reader pages through the jobs that a filter means, as inspect does', async () => {
  const database = freshDatabase()
  const { app, add, fail } = openApp({ database, redact: ['1'] })
  await using _ = app
  const handles = await add.delayMany([[1, 2], [3, 4], [5, 6]]) // biome-ignore format: three jobs
  await fail.delay('not meant')
  for (const [reader, shown] of [
    [app.reader, '[redacted]'],
    [Reader.open(database), 4],
  ] as const) {
    const first = await reader.jobs({ task: 'ad*' }, { limit: 2 })
    assert.deepEqual(
      first.jobs.map(({ id }) => id),
      [handles[2]?.id, handles[1]?.id],
    )
    assert.deepEqual(first.jobs[1]?.args, [3, shown])
    const second = await reader.jobs({ task: 'ad*' }, { limit: 2, after: first.next })
    assert.deepEqual(
      second.jobs.map(({ id }) => id),
      [handles[0]?.id],
    )
    await assert.rejects(reader.jobs({ state: 'LOST' as 'RETRY' }), { code: 'INVALID_OPTION' })
  }
  assert.deepEqual((await app.reader.jobs({ task: 'ad*' })).jobs, (await app.inspect.jobs({ task: 'ad*' })).jobs)
})

test('the reader tells a process that was killed from one that lives', async () => {
  const database = freshDatabase()
  const [killed, live] = [new Peer({ database }), new Peer({ database })]
  await killed.call('start', 'worker')
  const reader = Reader.open(database)
  assert.deepEqual(
    (await reader.workers()).map(({ pid, alive }) => [pid, alive]),
    [[killed.pid, true]],
  )
  const counted = async () => {
    const { workers, threads, silent } = await reader.overview()
    return { workers, threads, silent }
  }
  assert.deepEqual(await counted(), { workers: 1, threads: 2, silent: 0 })
  await killed.kill()
  const [left] = await reader.workers()
  assert.deepEqual([left?.pid, left?.alive, left?.silentSince], [killed.pid, false, left?.beatAt])
  assert.deepEqual(await counted(), { workers: 0, threads: 0, silent: 1 })
  await live.call('start', 'worker')
  await until(async () => (await reader.workers()).length === 1, 'the dead process to be taken off the file')
  assert.deepEqual(
    (await reader.workers()).map(({ pid, alive }) => [pid, alive]),
    [[live.pid, true]],
  )
  await reader.close()
})

test('what was asked of a reader that is closed is refused, and what is asked then is answered', async () => {
  const { app, add } = openApp({ database: freshDatabase() })
  await using _ = app
  await add.delay(1, 2)
  await app.reader.file()
  const asked = Promise.allSettled(Array.from({ length: 50 }, () => app.reader.overview()))
  const closing = app.reader.close()
  assert.equal((await app.reader.overview()).states.PENDING, 1)
  await closing
  for (const outcome of await asked)
    if (outcome.status === 'rejected') assert.match(String(outcome.reason), /reader thread ended before it answered/)
})
