/** start() and stop(): what a stop reports, what becomes of running jobs, and what is left behind. */
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { describe, test } from 'node:test'
import { AppStopped } from 'celeriac'
import { resultOf } from '../fixtures/calls.ts'
import { freshDatabase, temporaryFolder } from '../fixtures/folder.ts'
import { Journal } from '../fixtures/journal.ts'
import { openApp } from '../fixtures/tasks.ts'
import { until } from '../fixtures/until.ts'

describe('stop()', () => {
  test('lets running jobs finish, and returns those that were not begun', async () => {
    const { app, hold } = openApp({ database: freshDatabase(), concurrency: 1 })
    await using _ = app
    const journal = new Journal()
    await app.start()
    const running = await hold.delay(journal.path, 'running')
    const waiting = await hold.delay(journal.path, 'waiting')
    await journal.has('running began')
    const stopping = app.stop({ drain: '20s' })
    // Refused from when the engine was told: sooner, the thread might begin the next job.
    const told = (error: Error & { code?: string }) => error.code === 'APP_STOPPED'
    await until(() => waiting.state().then(() => false, told), 'the stop to begin')
    journal.open()
    const { finished, killed } = await stopping
    assert.deepEqual({ finished, killed }, { finished: 1, killed: 0 })
    await app.start({ role: 'producer' })
    assert.equal(await resultOf(running), 'running')
    const info = (await waiting.info())!
    assert.deepEqual([info.state, info.attempt], ['PENDING', 0])
    assert.deepEqual(journal.lines(), ['running began', 'running ended'])
  })

  test('returns what waits in the line of a thread', async () => {
    const { app, hold } = openApp({ database: freshDatabase(), concurrency: 1 })
    await using _ = app
    await app.start()
    // Known to be short, so that they are handed out by the dozen.
    const passed = new Journal()
    passed.open()
    const calls = (journal: Journal) => Array.from({ length: 30 }, (): [string, string] => [journal.path, 'job'])
    for (const handle of await hold.delayMany(calls(passed))) await resultOf(handle)
    const journal = new Journal()
    const [running, ...waiting] = await hold.delayMany(calls(journal))
    await journal.has('job began')
    const stopping = app.stop({ drain: '20s' })
    const told = (error: Error & { code?: string }) => error.code === 'APP_STOPPED'
    await until(() => running!.state().then(() => false, told), 'the stop to begin')
    journal.open()
    // How many of them lie in its line depends on the machine: one behind a job that runs for long is taken back before any stop.
    const { finished, killed } = await stopping
    assert.deepEqual([finished, killed], [1, 0])
    await app.start({ role: 'producer' })
    assert.equal(await resultOf(running!), 'job')
    for (const handle of waiting) {
      const info = (await handle.info())!
      assert.deepEqual([info.state, info.attempt, info.attempts], ['PENDING', 0, []])
    }
  })

  test('gives a job back, its attempt too, whose task heeds the signal', async () => {
    const { app, heed } = openApp({ database: freshDatabase() })
    await using _ = app
    const journal = new Journal()
    await app.start()
    const handle = await heed.applyAsync([journal.path], { retry: 1 })
    await journal.has('heeding, attempt 1')
    assert.deepEqual(await app.stop({ drain: 20, grace: '20s' }), { finished: 0, returned: 1, killed: 0 })
    await app.start()
    await journal.has('heeding, attempt 1', 2)
    const { attempts, crashes } = (await handle.info())!
    assert.deepEqual([attempts.map(({ outcome }) => outcome), crashes], [['running'], 0])
  })

  test('terminates what does not heed it, in a loop or waiting for ever, and gives it back', async () => {
    const { app, loop, never } = openApp({ database: freshDatabase() })
    await using _ = app
    const journal = new Journal()
    await app.start()
    const handles = [await loop.delay(journal.path), await never.delay(journal.path)]
    await journal.has('looping')
    await journal.has('waiting for ever')
    assert.deepEqual(await app.stop({ drain: 20, grace: 20 }), { finished: 0, returned: 2, killed: 2 })
    await app.start({ role: 'producer' })
    for (const handle of handles) {
      const info = (await handle.info())!
      assert.deepEqual([info.state, info.attempt, info.crashes, info.attempts], ['PENDING', 0, 0, []])
    }
  })

  test('uses the times of the app when it is given none', async () => {
    const { app, never } = openApp({ database: freshDatabase(), shutdown: { drain: 10, grace: 10 } })
    const journal = new Journal()
    await app.start()
    await never.delay(journal.path)
    await journal.has('waiting for ever')
    const before = performance.now()
    assert.equal((await app.stop()).killed, 1)
    assert.ok(performance.now() - before < 10_000)
  })

  test('leaves nothing behind besides the database', async () => {
    const database = freshDatabase()
    const { app, add } = openApp({ database })
    await app.start()
    await resultOf(await add.delay(1, 2))
    await app.stop()
    assert.deepEqual(readdirSync(dirname(database)), ['jobs.db'])
  })

  test('keeps what was asked for in the same turn of the event loop', async () => {
    const { app, add } = openApp({ database: freshDatabase() })
    await using _ = app
    const storing = add.delay(1, 2)
    await app.stop()
    const handle = await storing
    await app.start()
    assert.equal(await resultOf(handle), 3)
    const again = add.delay(2, 2)
    await app.stop()
    await app.start()
    assert.equal(await resultOf(await again), 4)
  })

  test('refuses what is asked of it meanwhile, and goes on', async () => {
    const { app, add, hold } = openApp({ database: freshDatabase() })
    await using _ = app
    const journal = new Journal()
    await app.start()
    const running = await hold.delay(journal.path, 'running')
    await journal.has('running began')
    const wait = assert.rejects(running.get({ timeout: 50 }), { code: 'RESULT_TIMEOUT' })
    const stopping = app.stop({ drain: '20s' })
    await wait
    const told = (error: Error & { code?: string }) => error.code === 'APP_STOPPED'
    await until(() => running.state().then(() => false, told), 'the stop to begin')
    for (const asked of [add.delay(1, 2), running.get(), app.inspect.stats()])
      await assert.rejects(asked, { code: 'APP_STOPPED' })
    journal.open()
    assert.equal((await stopping).finished, 1)
  })

  test('called twice, or on an app that never ran, does no harm', async () => {
    const { app } = openApp({ database: freshDatabase() })
    assert.deepEqual(await app.stop(), { finished: 0, returned: 0, killed: 0 })
    await app.start()
    const reports = await Promise.all([app.stop(), app.stop()])
    assert.deepEqual(reports[0], reports[1])
    assert.deepEqual(await app.stop(), { finished: 0, returned: 0, killed: 0 })
  })

  test('refuses later calls, and ends those that wait, until the app is started again', async () => {
    const { app, add, hold } = openApp({ database: freshDatabase() })
    await using _ = app
    const journal = new Journal()
    await app.start()
    const handle = await hold.delay(journal.path, 'job')
    const waiting = assert.rejects(handle.get(), AppStopped)
    await journal.has('job began')
    await app.stop()
    await waiting
    await assert.rejects(add.delay(1, 2), { name: 'AppStopped', code: 'APP_STOPPED' })
    await assert.rejects(handle.state(), AppStopped)
    journal.open()
    await app.start()
    assert.equal(await resultOf(handle), 'job')
  })

  test('start() called while it stops waits for it', async () => {
    const { app, add } = openApp({ database: freshDatabase() })
    await using _ = app
    await app.start()
    const stopping = app.stop()
    await app.start()
    await stopping
    assert.equal(await resultOf(await add.delay(1, 2)), 3)
  })

  test('overtakes a start, which is refused as stopped and leaves nothing behind', async () => {
    const database = freshDatabase()
    const { app } = openApp({ database })
    const starting = assert.rejects(app.start(), { code: 'APP_STOPPED' })
    await app.inspect.ping()
    await app.stop()
    await starting
    assert.deepEqual(readdirSync(dirname(database)), ['jobs.db'])
  })

  test('is what `await using` does', async () => {
    const database = freshDatabase()
    const kept = await (async () => {
      await using app = openApp({ database }).app
      await app.start()
      return app
    })()
    await assert.rejects(kept.result('x').state(), AppStopped)
    assert.deepEqual(readdirSync(dirname(database)), ['jobs.db'])
  })
})

describe('roles', () => {
  test('a producer stores and reads, and runs nothing; a worker runs and does not fire; a beat fires and does not run', async () => {
    const database = freshDatabase()
    const [producer, beat, worker] = [openApp({ database }), openApp({ database }), openApp({ database })]
    await using one = producer.app
    await using two = beat.app
    await using three = worker.app
    const journal = new Journal()
    const at = Date.now() - 1
    for (const { app, note } of [producer, beat]) app.schedule('due', { at, run: note.s(journal.path, 'scheduled') })
    await one.start({ role: 'producer' })
    const early = await producer.note.delay(journal.path, 'early')
    assert.deepEqual([await early.state(), journal.lines()], ['PENDING', []])

    await three.start({ role: 'worker' })
    await journal.has('early')
    assert.equal(await resultOf(await producer.add.delay(1, 1)), 2)
    assert.deepEqual(await one.schedules.ledger('due'), [])
    // Nor does it stop what others declare.
    assert.equal((await one.schedules.get('due'))?.disabled, false)
    await three.stop()

    const late = await producer.note.delay(journal.path, 'late')
    const fired = new Promise((resolve) => two.on('schedule-fired', resolve))
    await two.start({ role: 'beat' })
    await fired
    assert.deepEqual([await late.state(), journal.lines()], ['PENDING', ['early']])
    await three.start({ role: 'worker' })
    await journal.has('late')
    await journal.has('scheduled')
  })
})

describe('two apps in one process', () => {
  test('on files of their own do not see each other, even with the same tasks', async () => {
    const [one, two] = [openApp({ database: freshDatabase() }), openApp({ database: freshDatabase() })]
    await using first = one.app
    await using second = two.app
    await Promise.all([first.start(), second.start()])
    const [a, b] = [await one.add.delay(1, 1), await two.add.delay(2, 2)]
    assert.deepEqual([await resultOf(a), await resultOf(b)], [2, 4])
    assert.deepEqual([await second.result(a.id).exists(), await first.result(b.id).exists()], [false, false])
  })

  test('on one file share its jobs', async () => {
    const database = freshDatabase()
    const [one, two] = [openApp({ database }), openApp({ database })]
    await using first = one.app
    await using second = two.app
    await Promise.all([first.start(), second.start()])
    const handles = await one.whoAmI.delayMany(Array.from({ length: 50 }, (_, i) => [i]))
    for (const handle of handles) await resultOf(handle)
    assert.equal((await first.inspect.workers()).length, 2)
    assert.equal(await second.result(handles[0]!.id).state(), 'SUCCESS')
  })

  test('on one file keep the schedules that the other one declares', async () => {
    const database = freshDatabase()
    const [one, two] = [openApp({ name: 'one', database }), openApp({ name: 'two', database })]
    await using first = one.app
    await using second = two.app
    first.schedule('of one', { every: '1h', run: one.add.s(1, 1) })
    second.schedule('of two', { every: '1h', run: two.add.s(1, 1) })
    await first.start()
    await second.start()
    const list = await second.schedules.list()
    assert.deepEqual(
      list.map(({ name, declared, next }) => [name, declared, next !== null]),
      [
        ['of one', true, true],
        ['of two', true, true],
      ],
    )
  })
})

test('an app starts and stops again and again', async () => {
  const folder = temporaryFolder()
  const { app, add } = openApp({ database: `${folder}/jobs.db`, concurrency: 1 })
  const open = () => readdirSync('/proc/self/fd').length
  const threads = () => readdirSync('/proc/self/task').length
  const crashed: Error[] = []
  app.on('engine-crashed', ({ error }) => void crashed.push(error))
  let first: [number, number] | undefined
  for (let cycle = 0; cycle < 8; cycle++) {
    await app.start({ role: cycle % 2 === 0 ? 'all' : 'producer' })
    if (cycle % 4 === 0) assert.equal(await resultOf(await add.delay(cycle, 1)), cycle + 1)
    await app.stop()
    first ??= [open(), threads()]
  }
  assert.deepEqual(crashed, [], 'no stop looks like a crash')
  assert.deepEqual(readdirSync(folder), ['jobs.db'])
  if (process.platform === 'linux') {
    assert.ok(open() <= first![0] + 2, `${open()} files are open, ${first![0]} after the first cycle`)
    assert.ok(threads() <= first![1] + 2, `${threads()} threads, ${first![1]} after the first cycle`)
  }
})
