/** currentTask().transaction(): the task's own writes and the end of its job, together or not at all. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import Database from 'better-sqlite3'
import type { CeleriacOptions } from 'celeriac'
import { failureOf, resultOf } from '../fixtures/calls.ts'
import { freshDatabase } from '../fixtures/folder.ts'
import { Journal } from '../fixtures/journal.ts'
import { openTransactions } from '../fixtures/transaction-tasks.ts'
import { until } from '../fixtures/until.ts'

async function opened(options: CeleriacOptions = {}) {
  const database = options.database ?? freshDatabase()
  const db = new Database(database)
  db.pragma('journal_mode = WAL')
  db.exec('CREATE TABLE effects (id INTEGER PRIMARY KEY, line TEXT NOT NULL UNIQUE) STRICT')
  const all = db.prepare('SELECT line FROM effects ORDER BY id').pluck()
  const tasks = openTransactions({ database, ...options })
  await tasks.app.start()
  return {
    ...tasks,
    db,
    effects: () => all.all() as string[],
    [Symbol.asyncDispose]: async () => {
      await tasks.app.stop()
      db.close()
    },
  }
}

test('the effect and SUCCESS are committed together, and what the callback returns is the result', async () => {
  await using on = await opened()
  const handles = await on.once.delayMany([['one'], ['two'], ['three']])
  assert.deepEqual(await Promise.all(handles.map(resultOf)), [{ row: 1 }, { row: 2 }, { row: 3 }])
  assert.deepEqual(on.effects(), ['one', 'two', 'three'])
  const info = await handles[0]?.info()
  assert.equal(info?.state, 'SUCCESS')
  assert.deepEqual(
    info?.attempts.map(({ outcome }) => outcome),
    ['success'],
  )
})

test('the value is encoded by the codec of the task', async () => {
  await using on = await opened()
  assert.deepEqual(await resultOf(await on.kept.delay()), new Map([['a', 1n]]))
})

test('who waits hears of it at the commit, the event comes once, and a later throw changes nothing', async () => {
  await using on = await opened()
  const journal = new Journal()
  const told: string[] = []
  on.app.on('task-succeeded', ({ id }) => told.push(id))
  on.app.on('task-failed', ({ id }) => told.push(`failed ${id}`))
  const handle = await on.linger.delay(journal.path)
  await resultOf(handle)
  assert.deepEqual(journal.lines().includes('function ended'), false)
  journal.open()
  await journal.has('function ended')
  // One thread: what comes behind it runs after it was answered.
  assert.equal(await resultOf(await on.echo.delay('behind')), 'behind')
  assert.equal(told.filter((id) => id.includes(handle.id)).length, 1)
  assert.equal(told.includes(handle.id), true)
  const [line] = await on.app.inspect.log(handle.id)
  assert.match(line?.text ?? '', /too late to fail/)
})

test('a thread that is ended after the commit takes nothing back, and the job is not tried again', async () => {
  await using on = await opened()
  const handle = await on.overrun.delay()
  await resultOf(handle)
  assert.equal(await resultOf(await on.echo.delay('next')), 'next')
  assert.equal(await handle.state(), 'SUCCESS')
  assert.deepEqual(on.effects(), ['before the loop'])
})

test('a thread that is ended within the transaction gives up the lock and leaves nothing', async () => {
  await using on = await opened()
  const failure = await failureOf(await on.stall.delay())
  assert.equal(failure.cause.code, 'TIME_LIMIT_EXCEEDED')
  assert.deepEqual(await resultOf(await on.once.delay('after')), { row: 1 })
  assert.deepEqual(on.effects(), ['after'])
})

test('a throw in the callback takes the writes back, and the attempt fails as usual', async () => {
  await using on = await opened()
  const handle = await on.throwInside.delay('second try')
  await resultOf(handle)
  assert.deepEqual(on.effects(), ['second try'])
  const info = await handle.info()
  assert.deepEqual(
    info?.attempts.map(({ outcome, error }) => [outcome, error?.message]),
    [
      ['retry', 'taken back'],
      ['success', undefined],
    ],
  )
  const broken = await failureOf(await on.breakUniqueness.delay('same'))
  assert.equal(broken.cause.code, 'SQLITE_CONSTRAINT_UNIQUE')
  assert.deepEqual(on.effects(), ['second try'])
})

test('a promise is refused, and what goes on behind it finds no connection to write to', async () => {
  await using on = await opened()
  const journal = new Journal()
  const failure = await failureOf(await on.asynchronous.delay(journal.path))
  assert.equal(failure.cause.code, 'TRANSACTION_REFUSED')
  await until(() => journal.lines().length > 0, 'the continuation')
  assert.match(journal.lines()[0] ?? '', /not open/)
  assert.deepEqual(on.effects(), [])
  assert.deepEqual(await resultOf(await on.once.delay('the next job')), { row: 1 })
})

test('what would tear the transaction apart is refused, and the thread goes on', async () => {
  await using on = await opened()
  for (const task of [on.nested, on.endsItself, on.leavesOpen, on.onMain]) {
    const failure = await failureOf(await task.delay())
    assert.equal(failure.cause.code, 'TRANSACTION_REFUSED', task.taskName)
  }
  // By hand it was committed by hand; nothing else came through.
  assert.deepEqual(on.effects(), ['committed by hand'])
  assert.equal((await failureOf(await on.unfit.delay())).cause.code, 'INVALID_PAYLOAD')
  const twice = await on.twice.delay()
  await resultOf(twice)
  assert.deepEqual(await resultOf(await on.once.delay('the next job')), { row: 3 })
  assert.deepEqual(on.effects(), ['committed by hand', 'first', 'the next job'])
})

test('a connection that outlives its callback can only read', async () => {
  await using on = await opened()
  await resultOf(await on.keepDatabase.delay())
  assert.equal((await failureOf(await on.useKept.delay())).cause.code, 'SQLITE_READONLY')
  assert.deepEqual(on.effects(), [])
})

test('a job stored within it exists if and only if it commits', async () => {
  await using on = await opened()
  const id = await resultOf(await on.enqueueWithin.delay('stored', false))
  assert.equal(await on.app.result(id).get({ timeout: '20s' }), 'stored')
  await failureOf(await on.enqueueWithin.delay('taken back', true))
  const stored = on.db.prepare("SELECT count(*) FROM celeriac_jobs WHERE task = 'echo'").pluck()
  assert.equal(stored.get(), 1)
})

test('a job that is no longer its own writes nothing', async () => {
  await using on = await opened()
  const journal = new Journal()
  const handle = await on.late.delay(journal.path)
  await journal.has('began')
  // As another process would that takes this one for dead.
  on.db
    .prepare(
      'UPDATE celeriac_claims SET token = token + 1000000 WHERE seq = (SELECT seq FROM celeriac_jobs WHERE id = ?)',
    )
    .run(handle.id)
  journal.open()
  await journal.has('LEASE_LOST')
  assert.equal(await resultOf(await on.echo.delay('behind')), 'behind')
  assert.deepEqual(on.effects(), [])
  assert.equal(await handle.state(), 'STARTED')
})
