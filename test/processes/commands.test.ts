/** Commands from one process to others through the file: looks, the pool's size, the shutdown. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import Database from 'better-sqlite3'
import { resultOf } from '../fixtures/calls.ts'
import { freshDatabase } from '../fixtures/folder.ts'
import { Journal } from '../fixtures/journal.ts'
import { Peer } from '../fixtures/peer.ts'
import { openApp } from '../fixtures/tasks.ts'
import { until } from '../fixtures/until.ts'

const PATIENT = { timeout: '20s' } as const

describe('commands to running processes', () => {
  const database = freshDatabase()
  const { app, hold, takeTime, whoAmI } = openApp({ database })
  after(() => app.stop())
  const peers = [
    new Peer({ database, concurrency: 1, name: 'one' }),
    new Peer({ database, concurrency: 1, name: 'two' }),
  ]
  let keys: string[] = []
  before(async () => {
    for (const peer of peers) await peer.call('start')
    const workers = await app.inspect.workers()
    keys = peers.map(({ pid }) => workers.find((worker) => worker.pid === pid)!.key)
  })

  test('every live process answers, or only those that are named', async () => {
    const replies = await app.inspect.ping({ all: true, ...PATIENT })
    assert.deepEqual(
      replies.map(({ worker, pid, value, error }) => [worker, pid, value?.key, value?.pid, value?.fault, error]),
      keys.map((key, i) => [key, peers[i]!.pid, key, peers[i]!.pid, null, null]),
    )
    assert.ok(replies[0]!.value!.at instanceof Date)
    const [stats, ...others] = await app.inspect.stats({ worker: keys[1]!, ...PATIENT })
    assert.deepEqual([stats?.value?.pid, stats?.value?.concurrency, others], [peers[1]!.pid, 1, []])
    // Without options it is this process that answers.
    assert.equal((await app.inspect.ping()).pid, process.pid)
    assert.equal((await app.inspect.ping({ timeout: '1s' }))[0]?.pid, process.pid)
    await assert.rejects(app.inspect.ping({ worker: 'nobody' }), {
      code: 'NO_ANSWER',
      message: /no process with the key nobody/,
    })
    for (const asked of [
      { everyone: true },
      { all: true, worker: 'x' },
      { timeout: 'soon' },
      { timeout: '2m' },
    ] as never[])
      await assert.rejects(app.inspect.ping(asked), { code: 'INVALID_OPTION' })
  })

  test('each says which jobs it runs and which it holds', async () => {
    const journal = new Journal()
    const handles = [await hold.delay(journal.path, 'a'), await hold.delay(journal.path, 'b')]
    await journal.has('a began')
    await journal.has('b began')
    const replies = await app.inspect.active({ all: true, ...PATIENT })
    assert.deepEqual(
      replies.map(({ value }) => value?.length),
      [1, 1],
    )
    assert.deepEqual(
      new Set(replies.flatMap(({ value }) => value?.map(({ id, state, worker }) => `${id} ${state} ${worker}`))),
      new Set(
        await Promise.all(handles.map(async ({ id }) => `${id} STARTED ${(await app.inspect.query(id))?.worker}`)),
      ),
    )
    assert.deepEqual(
      (await app.inspect.reserved({ all: true, ...PATIENT })).map(({ value }) => value),
      [[], []],
    )
    journal.open()
    await Promise.all(handles.map(resultOf))
  })

  test('pool(n) lets another process run more jobs at once, and fewer again', async () => {
    await app.control.pause({ task: 'whoAmI' })
    assert.deepEqual(
      (await app.control.pool(3, { worker: keys[0]!, ...PATIENT })).map(({ value, error }) => [value, error]),
      [[3, null]],
    )
    await until(async () => (await app.inspect.workers()).find(({ key }) => key === keys[0])?.threads === 3, 'the row')
    const journal = new Journal()
    const handles = []
    for (const line of ['a', 'b', 'c', 'd']) handles.push(await hold.delay(journal.path, line))
    // Three there and one in the other process.
    await until(() => journal.lines().length === 4, 'four jobs at once')
    const active = await app.inspect.active({ worker: keys[0]!, ...PATIENT })
    assert.equal(active[0]?.value?.length, 3)
    journal.open()
    await Promise.all(handles.map(resultOf))

    await app.control.pool(1, { all: true, ...PATIENT })
    await until(
      async () => (await app.inspect.stats({ worker: keys[0]!, ...PATIENT }))[0]?.value?.threads === 1,
      'the shrinking',
    )
    const second = new Journal()
    const jobs = []
    for (let i = 0; i < 6; i++) jobs.push(await takeTime.delay(second.path, `job ${i}`, 30))
    await Promise.all(jobs.map(resultOf))
    assert.ok(second.mostAtOnce() <= 2, `${second.mostAtOnce()} at once`)
    await app.control.resume()
    await resultOf(await whoAmI.delay())

    await assert.rejects(app.control.pool(2), { code: 'INVALID_OPTION', message: /runs no threads/ })
    for (const threads of [0, 1.5, 5_000]) await assert.rejects(app.control.pool(threads), { code: 'INVALID_OPTION' })
  })

  test('a command whose row was damaged is refused by whom it was for, and nothing is done', async () => {
    const db = new Database(database)
    try {
      const process = db.prepare('SELECT id FROM celeriac_processes WHERE key = ?').pluck().get(keys[0])
      const ask = db.prepare('INSERT INTO celeriac_commands (process, verb, args, asked_at) VALUES (?, ?, ?, ?)')
      const answered = db
        .prepare('SELECT error FROM celeriac_commands WHERE id = ? AND answered_at IS NOT NULL')
        .pluck()
      const damaged = [
        ['ping', '{"'],
        ['pool', '[3]'],
        ['pool', '{}'],
        ['pool', '{"threads":"3"}'],
        ['pool', '{"threads":0}'],
        ['pool', '{"threads":1e9}'],
        ['shutdown', '{"drain":-1}'],
        ['shutdown', '{"grace":"soon"}'],
      ] as const
      for (const [verb, args] of damaged) {
        const { lastInsertRowid: id } = ask.run(process, verb, args, Date.now())
        const error = JSON.parse((await until(() => answered.get(id), `an answer to ${verb} ${args}`)) as string)
        assert.equal(error.code, 'INVALID_PAYLOAD', `${verb} ${args}`)
        assert.match(error.message, /^the stored command .* ask again$/)
      }
    } finally {
      db.close()
    }
  })

  test('a process that is silent is told of, and the others are heard', async () => {
    process.kill(peers[1]!.pid, 'SIGSTOP')
    try {
      const replies = await app.inspect.ping({ all: true, timeout: '8s' })
      assert.equal(replies[0]?.error, null)
      assert.equal((replies[1]?.error as { code?: string } | null)?.code, 'NO_ANSWER')
      assert.match(replies[1]!.error!.message, new RegExp(`process ${peers[1]!.pid} .* did not answer within 8000 ms`))
    } finally {
      process.kill(peers[1]!.pid, 'SIGCONT')
    }
    assert.equal((await app.inspect.ping({ worker: keys[1]!, ...PATIENT }))[0]?.error, null)
  })

  test('shutdown() stops one process, then the rest, warmly', async () => {
    const journal = new Journal()
    const running = [await hold.delay(journal.path, 'a'), await hold.delay(journal.path, 'b')]
    await journal.has('a began')
    await journal.has('b began')
    const [reply] = await app.control.shutdown({ worker: keys[0]!, drain: '30s', ...PATIENT })
    assert.deepEqual([reply?.worker, reply?.value], [keys[0], true])
    journal.open()
    assert.deepEqual(await Promise.all(running.map(resultOf)), ['a', 'b'])
    await until(async () => (await app.inspect.workers()).length === 1, 'the first to leave')
    assert.deepEqual(
      (await app.control.shutdown(PATIENT)).map(({ worker }) => worker),
      [keys[1]],
    )
    await until(async () => (await app.inspect.workers()).length === 0, 'the second to leave')
    assert.deepEqual(await app.control.shutdown(), [])
    assert.deepEqual(await Promise.all(peers.map((peer) => peer.leave())), [0, 0])
  })
})

test('shutdown() stops the process that asks for it, too', async () => {
  const { app, add } = openApp({ database: freshDatabase() })
  await app.start()
  await resultOf(await add.delay(1, 1))
  await app.control.pool(1)
  assert.equal((await app.inspect.stats()).concurrency, 1)
  const offline = new Promise((resolve) => app.on('worker-offline', resolve))
  assert.deepEqual(
    (await app.control.shutdown()).map(({ pid, value }) => [pid, value]),
    [[process.pid, true]],
  )
  await offline
  await app.stop()
  await assert.rejects(add.delay(1, 1), { code: 'APP_STOPPED' })
})
