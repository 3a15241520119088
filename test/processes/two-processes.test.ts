/** Several processes on one file: they see each other's jobs and results soon, and keep each other's limits. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { resultOf } from '../fixtures/calls.ts'
import { freshDatabase } from '../fixtures/folder.ts'
import { Journal } from '../fixtures/journal.ts'
import { Peer } from '../fixtures/peer.ts'
import { type Identity, openApp } from '../fixtures/tasks.ts'
import { until } from '../fixtures/until.ts'

describe('two processes on one file', () => {
  const database = freshDatabase()
  const queues = { one: { concurrency: 1 } }
  const { app, add, fail, note, report, takeTime, whoAmI } = openApp({ database, queues })
  // Before the peer is made, which kills it after the suite.
  after(async () => {
    await app.stop()
    assert.equal(await peer.leave(), 0)
  })
  const peer = new Peer({ database, queues, concurrency: 2 })
  before(() => app.start({ role: 'producer' }))
  before(() => peer.call('start'))

  test('a job that one enqueues the other begins soon, and get() works across', async () => {
    await resultOf(await whoAmI.delay())
    const waits: number[] = []
    for (let i = 0; i < 9; i++) {
      const handle = await whoAmI.delay(i)
      const seen = await resultOf(handle)
      assert.equal(seen.pid, peer.pid)
      const { enqueuedAt, startedAt } = (await handle.info())!
      waits.push(Number(startedAt) - Number(enqueuedAt))
    }
    const median = waits.toSorted((a, b) => a - b)[4]!
    // A tenth of a second on a machine of its own.
    assert.ok(median < 3_000, `begun after ${waits} ms`)
  })

  test('the outcome, the error and the progress of a job that runs elsewhere are seen', async () => {
    await assert.rejects(resultOf(await fail.delay('over there')), (error: Error) => {
      assert.equal((error.cause as Error).message, 'over there')
      return true
    })
    const journal = new Journal()
    const handle = await report.delay(journal.path)
    const seen: unknown[] = []
    for await (const progress of handle.progress()) {
      seen.push(progress)
      journal.open()
    }
    assert.deepEqual(
      [seen[0], seen.at(-1)],
      [
        { done: 1, total: 4, message: 'a quarter' },
        { done: 4, total: 4 },
      ],
    )
  })

  test('a result is read by id in the other process too', async () => {
    const handle = await add.delay(20, 22)
    assert.equal(await peer.call('get', handle.id), 42)
    const id = await peer.call('delay', 'add', [1, 2])
    assert.equal(await resultOf(app.result(id)), 3)
    await assert.rejects(peer.call('get', 'never stored'), { code: 'UNKNOWN_TASK' })
  })

  test('a running job is revoked from the other process', async () => {
    const journal = new Journal()
    const id = await peer.call('delay', 'spin', [journal.path])
    await journal.has('spinning')
    assert.equal(await app.result(id).revoke(), 'STARTED')
    await journal.has('told to end')
    assert.equal(await resultOf(app.result(id)), 'left the loop')
  })

  test('one taskId is one job, however many processes ask for it at once', async () => {
    const journal = new Journal()
    const [ids, handles] = await Promise.all([
      Promise.all([1, 2, 3].map(() => peer.call('delay', 'note', [journal.path, 'once'], { taskId: 'the-one' }))),
      Promise.all([1, 2, 3].map(() => note.applyAsync([journal.path, 'once'], { taskId: 'the-one' }))),
    ])
    assert.deepEqual(new Set([...ids, ...handles.map(({ id }) => id)]), new Set(['the-one']))
    await resultOf(app.result('the-one'))
    await resultOf(await note.delay(journal.path, 'after'))
    assert.deepEqual(journal.lines(), ['once', 'after'])
  })

  test('a queue runs no more jobs at once than its limit, over both', async () => {
    await app.stop()
    await app.start()
    const journal = new Journal()
    const calls = Array.from({ length: 8 }, (_, i): [string, string, number] => [journal.path, `job ${i}`, 40])
    const handles = await takeTime.delayMany(calls, { queue: 'one' })
    for (const handle of handles) await resultOf(handle)
    const running = { now: 0, most: 0 }
    for (const line of journal.lines()) {
      running.now += line.endsWith('began') ? 1 : -1
      running.most = Math.max(running.most, running.now)
    }
    assert.equal(journal.lines().length, 16)
    assert.equal(running.most, 1)
  })

  test('of many jobs that both take from, none runs twice', async () => {
    const journal = new Journal()
    const handles = await whoAmI.delayMany(Array.from({ length: 400 }, (_, i) => [i]))
    const noted = await note.delayMany(Array.from({ length: 200 }, (_, i): [string, string] => [journal.path, `${i}`]))
    for (const handle of noted) await resultOf(handle)
    for (const handle of handles) assert.equal((await resultOf(handle)).attempt, 1)
    assert.equal(new Set(journal.lines()).size, 200)
    assert.equal(journal.lines().length, 200)
  })
})

describe('schedules of two processes', () => {
  test('fire each slot once', async () => {
    const database = freshDatabase()
    const peers = [new Peer({ database }), new Peer({ database })]
    const journal = new Journal()
    const at = Date.now() + 2_500
    for (const peer of peers) {
      await peer.call('schedule', 'often', 'note', [journal.path, 'often'], { every: '1s', overlap: 'allow' })
      await peer.call('schedule', 'once', 'note', [journal.path, 'once'], { at })
    }
    await Promise.all(peers.map((peer) => peer.call('start')))
    const { app } = openApp({ database })
    await using _ = app
    await app.start({ role: 'producer' })
    await journal.has('once')
    await journal.has('often', 3)
    await Promise.all(peers.map((peer) => peer.call('stop', 5_000)))
    const fired = (await app.schedules.ledger('often')).filter(({ outcome }) => outcome === 'fired')
    await until(async () => (await app.inspect.stats()).states.STARTED === undefined, 'the last job')
    const runs = (line: string) => journal.lines().filter((one) => one === line).length
    assert.equal(runs('once'), 1)
    assert.equal(new Set(fired.map(({ slot }) => Number(slot))).size, fired.length)
    const states = await app.inspect.stats()
    assert.equal(runs('often') + (states.states.PENDING ?? 0), fired.length)
    for (const peer of peers) assert.equal(await peer.leave(), 0)
  })
})

describe('a file that does not exist yet', () => {
  test('may be opened by several processes at the same moment', async () => {
    const database = freshDatabase()
    const peers = [1, 2, 3].map(() => new Peer({ database, concurrency: 1 }))
    await Promise.all(peers.map((peer) => peer.call('state', 'wakes it up')))
    const ids = await Promise.all(peers.map((peer) => peer.call('delay', 'add', [1, 1])))
    await Promise.all(peers.map((peer) => peer.call('start')))
    for (const [i, peer] of peers.entries()) assert.equal(await peer.call('get', ids[(i + 1) % 3]!), 2)
    for (const peer of peers) assert.equal(await peer.leave(), 0)
  })
})

test('a result outlives the process that made it and the one that ran it', async () => {
  const database = freshDatabase()
  const producer = new Peer({ database })
  const id = await producer.call('delay', 'whoAmI', ['kept'], { headers: { h: '1' } })
  assert.equal(await producer.leave(), 0)
  const worker = new Peer({ database })
  await worker.call('start')
  await worker.call('get', id)
  await worker.call('stop', 1_000)
  assert.equal(await worker.leave(), 0)
  const { app } = openApp({ database })
  await using _ = app
  const seen = await resultOf(app.result<Identity>(id))
  assert.deepEqual([seen.args, seen.pid, seen.headers], [['kept'], worker.pid, { h: '1' }])
  const info = (await app.result(id).info())!
  assert.deepEqual([info.state, info.attempts.length], ['SUCCESS', 1])
})
