/** Concurrency limits by key: who waits, who is let in, and that no place is lost. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import Database from 'better-sqlite3'
import { Celeriac } from 'celeriac'
import { resultOf } from '../fixtures/calls.ts'
import { freshDatabase } from '../fixtures/folder.ts'
import { Journal } from '../fixtures/journal.ts'
import { Peer } from '../fixtures/peer.ts'
import { openApp } from '../fixtures/tasks.ts'
import { until } from '../fixtures/until.ts'

type Call = [journal: string, line: string, milliseconds: number]

describe('jobs of one key', () => {
  test('run so many at once, those of other keys beside them, and all of them in the end', async () => {
    const { app, twoOfAKind } = openApp({ database: freshDatabase(), concurrency: 6 })
    await using _ = app
    await app.start()
    const journal = new Journal()
    const calls = Array.from({ length: 24 }, (_, i): Call => [journal.path, `${'abc'[i % 3]}${i}`, 20])
    const handles = await twoOfAKind.delayMany(calls)
    for (const handle of handles) await resultOf(handle)
    assert.equal(journal.lines().length, 48)
    for (const letter of 'abc') assert.ok(journal.mostAtOnce(letter) <= 2)
  })

  test('are let in by priority, then in their order', async () => {
    const { app, twoOfAKind } = openApp({ database: freshDatabase(), concurrency: 1 })
    await using _ = app
    const journal = new Journal()
    const jobs = await twoOfAKind.delayMany(['a1', 'a2', 'a3', 'a4'].map((line): Call => [journal.path, line, 1]))
    const urgent = await twoOfAKind.applyAsync([journal.path, 'a5', 1], { priority: 9 })
    assert.deepEqual(await Promise.all(jobs.map((job) => job.state())), ['PENDING', 'PENDING', 'BLOCKED', 'BLOCKED'])
    assert.equal(await urgent.state(), 'BLOCKED')
    await app.start()
    for (const handle of [...jobs, urgent]) await resultOf(handle)
    const order = journal.lines().filter((line) => line.endsWith('began'))
    assert.deepEqual(order, ['a1 began', 'a5 began', 'a2 began', 'a3 began', 'a4 began'])
  })

  test('say why they wait, and for whom', async () => {
    const { app, twoOfAKind } = openApp({ database: freshDatabase() })
    await using _ = app
    const jobs = await twoOfAKind.delayMany(['a1', 'a2', 'a3'].map((line): Call => ['nowhere', line, 1]))
    const why = await app.inspect.explain(jobs[2]!.id)
    assert.match(
      why,
      /^waits for a place: at most 2 jobs of "twoOfAKind" with the key "a" at once, and [0-9a-f-]{36} is one$/,
    )
    assert.ok(why.includes(jobs[0]!.id) || why.includes(jobs[1]!.id))
    assert.equal((await jobs[2]!.info())?.concurrencyKey, 'a')
  })

  test('give their place back when they fail, wait for the next attempt, are revoked or expire', async () => {
    const { app, twoOfAKind, keyedFlaky } = openApp({ database: freshDatabase(), concurrency: 4 })
    await using _ = app
    const held = await twoOfAKind.delayMany(['a1', 'a2', 'a3', 'a4'].map((line): Call => ['nowhere', line, 1]))
    assert.equal(await held[0]!.revoke(), 'REVOKED')
    assert.deepEqual(await Promise.all(held.map((job) => job.state())), ['REVOKED', 'PENDING', 'PENDING', 'BLOCKED'])
    assert.equal(await held[3]!.revoke(), 'REVOKED')
    assert.equal(await held[1]!.revoke(), 'REVOKED')
    assert.equal(await held[2]!.revoke(), 'REVOKED')

    const journal = new Journal()
    const brief = await twoOfAKind.delayMany(
      ['b1', 'b2'].map((line): Call => [journal.path, line, 1]),
      { expires: 1 },
    )
    const blocked = await twoOfAKind.applyAsync([journal.path, 'b3', 1], { expires: 1 })
    const patient = await twoOfAKind.delay(journal.path, 'b4', 1)
    const past = Date.now() + 5
    await until(() => Date.now() > past, 'the expiry')
    await app.start()
    await resultOf(patient)
    for (const handle of [...brief, blocked]) assert.equal(await handle.state(), 'EXPIRED')

    const flaky = await keyedFlaky.delayMany([0, 1, 2, 3].map((n): [string, string, number] => [journal.path, 'k', n]))
    const failing = await keyedFlaky.delay(journal.path, 'k', 9)
    for (const handle of flaky) await resultOf(handle)
    await until(() => failing.ready(), 'the last failure')
    assert.equal(await failing.state(), 'FAILURE')
    assert.equal(journal.mostAtOnce('k'), 1)
    assert.equal(journal.lines().filter((line) => line === 'k began').length, 1 + 2 + 3 + 4 + 4)
  })

  test('wait their turn when their time comes', async () => {
    const { app, twoOfAKind } = openApp({ database: freshDatabase(), concurrency: 4 })
    await using _ = app
    await app.start()
    const journal = new Journal()
    const calls = Array.from({ length: 8 }, (_, i): Call => [journal.path, `a${i}`, 15])
    const handles = await twoOfAKind.delayMany(calls, { countdown: 200 })
    for (const handle of handles) await resultOf(handle)
    assert.equal(journal.lines().length, 16)
    assert.ok(journal.mostAtOnce() <= 2)
  })

  test('are bound the same when they are stored in a transaction of the application', async () => {
    const database = freshDatabase()
    const { app, twoOfAKind } = openApp({ database, concurrency: 4 })
    await using _ = app
    await app.start()
    const db = new Database(database)
    const journal = new Journal()
    const handles = db
      .transaction(() => [
        ...twoOfAKind.within(db).delayMany(Array.from({ length: 6 }, (_, i): Call => [journal.path, `a${i}`, 15])),
        twoOfAKind.within(db).delay(journal.path, 'a6', 15),
      ])
      .immediate()
    db.close()
    for (const handle of handles) await resultOf(handle)
    assert.equal(journal.lines().length, 14)
    assert.ok(journal.mostAtOnce() <= 2)
  })
})

describe('a key of a call', () => {
  test('takes the place of the task’s own, and of one that it has not', async () => {
    const { app, takeTime, twoOfAKind } = openApp({ database: freshDatabase(), concurrency: 4 })
    await using _ = app
    await app.start()
    const journal = new Journal()
    const options = { concurrencyKey: 'disk' }
    const handles = [
      ...(await takeTime.delayMany(
        Array.from({ length: 5 }, (_, i): Call => [journal.path, `t${i}`, 15]),
        options,
      )),
      ...(await twoOfAKind.delayMany(
        ['x1', 'y1', 'z1', 'v1'].map((line): Call => [journal.path, line, 30]),
        options,
      )),
    ]
    for (const handle of handles) await resultOf(handle)
    assert.equal(journal.mostAtOnce('t'), 1)
    const others = journal.lines().filter((line) => !line.startsWith('t'))
    let [running, most] = [0, 0]
    for (const line of others) {
      running += line.endsWith('began') ? 1 : -1
      most = Math.max(most, running)
    }
    assert.ok(most <= 2, 'the limit of its own task, over all its letters')
  })

  test('is refused when it is no text', async () => {
    const app = new Celeriac({ database: freshDatabase() })
    await using _ = app
    const keyed = app.task('keyed', { concurrency: { limit: 1, key: (n: number) => n as never } }, (_n: number) => {})
    const plain = app.task('plain', () => {})
    await assert.rejects(keyed.delay(5), {
      code: 'INVALID_OPTION',
      message: /^task "keyed": concurrency\.key\(\) is 5/,
    })
    await assert.rejects(plain.applyAsync([], { concurrencyKey: '' }), {
      message: /applyAsync\(\): concurrencyKey is ''/,
    })
    const declare = (concurrency: unknown) => () => app.task('bad', { concurrency } as never, () => {})
    assert.throws(declare({ limit: 1, key: 'user' }), { message: /concurrency\.key is 'user' — allowed: a function/ })
    assert.throws(declare({ limit: 1, onConflict: 'drop' }), {
      message: /onConflict is 'drop' — allowed: 'wait' or 'discard'/,
    })
  })
})

test('what finds no place and does not wait ends at once, and says why', async () => {
  const { app, holdOne } = openApp({ database: freshDatabase() })
  await using _ = app
  await app.start()
  const journal = new Journal()
  const first = await holdOne.delay(journal.path)
  const later = await holdOne.applyAsync([journal.path], { countdown: 20 })
  const second = await holdOne.delay(journal.path)
  for (const handle of [second, later]) {
    await assert.rejects(resultOf(handle), { code: 'TASK_REVOKED' })
    assert.match((await handle.info())?.revokeReason ?? '', /^discarded: 1 job of its task ran or waited already$/)
  }
  journal.open()
  await resultOf(first)
  await resultOf(await holdOne.delay(journal.path))
})

describe('over two processes', () => {
  test('a key holds, and a place that a killed process held is given on', async () => {
    const database = freshDatabase()
    const peers = [new Peer({ database, concurrency: 3 }), new Peer({ database, concurrency: 3 })]
    const { app, twoOfAKind, hold } = openApp({ database })
    await using _ = app
    await app.start({ role: 'producer' })
    const journal = new Journal()
    await Promise.all(peers.map((peer) => peer.call('start')))
    const calls = Array.from({ length: 20 }, (_, i): Call => [journal.path, `${'ab'[i % 2]}${i}`, 15])
    const own = await twoOfAKind.delayMany(calls.slice(0, 10))
    const others = await Promise.all(calls.slice(10).map((call) => peers[0]!.call('delay', 'twoOfAKind', call)))
    for (const handle of own) await resultOf(handle)
    for (const id of others) await resultOf(app.result(id))
    for (const letter of 'ab') assert.ok(journal.mostAtOnce(letter) <= 2)
    assert.equal(journal.lines().length, 40)

    const gate = new Journal()
    const options = { concurrencyKey: 'one' }
    const held = [await hold.applyAsync([gate.path, 'x'], options), await hold.applyAsync([gate.path, 'y'], options)]
    await gate.has('x began')
    assert.equal(await held[1]!.state(), 'BLOCKED')
    await Promise.all(peers.map((peer) => peer.kill()))
    const survivor = new Peer({ database })
    await survivor.call('start')
    await gate.has('x began', 2)
    assert.equal(await held[1]!.state(), 'BLOCKED')
    gate.open()
    for (const handle of held) await resultOf(handle)
    assert.equal(await survivor.leave(), 0)
  })
})
