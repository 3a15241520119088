/** Rate limits: never more starts than allowed in any window, over threads, processes and restarts. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type AsyncResult, Celeriac, rateLimited } from 'celeriac'
import { resultOf } from '../fixtures/calls.ts'
import { freshDatabase } from '../fixtures/folder.ts'
import { Journal } from '../fixtures/journal.ts'
import { Peer } from '../fixtures/peer.ts'
import { openApp } from '../fixtures/tasks.ts'
import { until } from '../fixtures/until.ts'

/** When each job began, in order. */
async function begins(handles: readonly AsyncResult<unknown>[]): Promise<number[]> {
  const times: number[] = []
  for (const handle of handles) {
    await resultOf(handle)
    times.push(Number((await handle.info())?.startedAt))
  }
  return times.sort((a, b) => a - b)
}

/** However busy the machine is: a window of begins holds no more. */
function assertRate(times: readonly number[], limit: number, per: number): void {
  for (let i = limit; i < times.length; i++) {
    const took = times[i]! - times[i - limit]!
    assert.ok(took >= per, `${limit + 1} starts in ${took} ms of ${times.map((time) => time - times[0]!)}`)
  }
}

const oneTo = (count: number): [number][] => Array.from({ length: count }, (_, i) => [i])

describe('a task with a rate', () => {
  test('starts no more jobs than that in any window, and goes on by itself', async () => {
    const { app, rated, add } = openApp({ database: freshDatabase() })
    await using _ = app
    await app.start()
    const handles = await rated.delayMany(oneTo(11))
    const waiting = handles.at(-1)!
    const why = await until(async () => {
      const said = await app.inspect.explain(waiting.id)
      return said.startsWith('waits') && said
    }, 'the rate to be reached')
    assert.match(why, /^waits for its task: "rated" is limited to 5\/2s, until 20/)
    assert.equal(await resultOf(await add.delay(1, 2)), 3)
    const times = await begins(handles)
    assertRate(times, 5, 2_000)
    assert.ok(times.at(-1)! - times[0]! < 60_000, 'it goes on as soon as it may')
  })

  test('keeps it over a restart', async () => {
    const database = freshDatabase()
    const { app, rated } = openApp({ database })
    await using _ = app
    await app.start()
    const first = await rated.delayMany(oneTo(5))
    for (const handle of first) await resultOf(handle)
    await app.stop()
    await app.start()
    const times = await begins([...first, ...(await rated.delayMany(oneTo(5)))])
    assertRate(times, 5, 2_000)
  })

  test('keeps it over two processes, as a queue does', async () => {
    const database = freshDatabase()
    const options = { database, concurrency: 2, queues: { api: { rateLimit: '4/2s' } } }
    const peers = [new Peer(options), new Peer(options)]
    const { app, echo, rated } = openApp(options)
    await using _ = app
    await app.start({ role: 'producer' })
    const handles = await rated.delayMany(oneTo(11))
    const queued = await echo.delayMany(oneTo(9), { queue: 'api' })
    await Promise.all(peers.map((peer) => peer.call('start')))
    assertRate(await begins(handles), 5, 2_000)
    assertRate(await begins(queued), 4, 2_000)
    for (const peer of peers) assert.equal(await peer.leave(), 0)
  })

  test('counts every attempt', async () => {
    const app = new Celeriac({ database: freshDatabase() })
    await using _ = app
    let begun = 0
    const options = { runIn: 'main', rateLimit: { limit: 2, per: 2_000 }, retry: { maxRetries: 5, delay: 0 } } as const
    const fails = app.task('fails', options, () => {
      if (++begun < 4) throw new Error('again')
    })
    await app.start()
    const handle = await fails.delay()
    await resultOf(handle)
    const { attempts } = (await handle.info())!
    assert.equal(attempts.length, 4)
    assertRate(
      attempts.map(({ startedAt }) => Number(startedAt)),
      2,
      2_000,
    )
  })

  test('claims no more than that for a thread that stands still, which would begin them all at once', async () => {
    const app = new Celeriac({ database: freshDatabase(), concurrency: 1 })
    await using _ = app
    const late = app.task('late', { runIn: 'main', rateLimit: { limit: 2, per: 200 } }, () => {})
    await app.start()
    const handles = await late.delayMany(Array.from({ length: 8 }, (): [] => []))
    // The engine goes on meanwhile.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_000)
    assertRate(await begins(handles), 2, 200)
  })

  test('counts from the begin and not from the end, in threads and on the main thread', async () => {
    const { app, holdRated } = openApp({ database: freshDatabase(), concurrency: 4 })
    await using _ = app
    let begun = 0
    const together = app.task('together', { runIn: 'main', rateLimit: { limit: 2, per: 500 } }, () => {
      begun++
      return until(() => begun === 4, 'all of them to begin')
    })
    const journal = new Journal()
    await app.start()
    const held = await holdRated.delayMany(oneTo(4).map((): [string] => [journal.path]))
    const main = await together.delayMany(Array.from({ length: 4 }, (): [] => []))
    // None of them ends before all have begun.
    await journal.has('began', 4)
    journal.open()
    for (const handles of [held, main]) assertRate(await begins(handles), 2, 500)
  })
})

describe('a queue with a rate', () => {
  test('starts no more than that of all its tasks', async () => {
    const { app, add, echo } = openApp({ database: freshDatabase(), queues: { api: { rateLimit: '4/2s' } } })
    await using _ = app
    await app.start()
    const options = { queue: 'api' }
    const handles = [
      ...(await add.delayMany(
        [1, 2, 3].map((n): [number, number] => [n, n]),
        options,
      )),
      ...(await echo.delayMany(
        [1, 2, 3].map((n): [number] => [n]),
        options,
      )),
    ]
    assertRate(await begins(handles), 4, 2_000)
    const held = await add.applyAsync([1, 1], options)
    assert.equal((await app.inspect.queues()).find(({ queue }) => queue === 'api')?.rateLimit ?? '4/2s', '4/2s')
    await resultOf(held)
  })
})

describe('a rate with a key', () => {
  test('holds for each key, and keys do not wait for each other', async () => {
    const { app, ratedByKey } = openApp({ database: freshDatabase() })
    await using _ = app
    await app.start()
    const handles = new Map<string, AsyncResult<number>[]>()
    for (const key of ['a', 'b', 'c'])
      handles.set(key, await ratedByKey.delayMany(oneTo(5).map(([n]): [string, number] => [key, n])))
    const last = handles.get('a')!.at(-1)!
    assert.equal(await last.state(), 'BLOCKED')
    assert.match(
      await app.inspect.explain(last.id),
      /^waits for its task: "ratedByKey" with the key "a" is limited to 2\/2s, until 20/,
    )
    const all: number[] = []
    for (const own of handles.values()) {
      const times = await begins(own)
      assertRate(times, 2, 2_000)
      all.push(...times)
    }
    assert.ok(Math.max(...all) - Math.min(...all) < 60_000)
  })

  test('leaves a call in its order, whatever of it is laid aside', async () => {
    const { app, ratedByKey } = openApp({ database: freshDatabase() })
    await using _ = app
    const calls = oneTo(70).map(([n]): [string, number] => [n % 10 < 8 ? `own ${n}` : 'one', n])
    const handles = await ratedByKey.delayMany(calls)
    const later = await ratedByKey.delay('one', 70)
    const { jobs } = await app.inspect.jobs({ task: 'ratedByKey' }, { limit: 100 })
    assert.deepEqual(
      jobs.map(({ id }) => id),
      [...handles, later].map(({ id }) => id).reverse(),
    )
    const aside = jobs.filter(({ state }) => state === 'BLOCKED').map(({ args }) => args[1])
    assert.deepEqual(aside, [70, 69, 68, 59, 58, 49, 48, 39, 38, 29, 28, 19, 18])
  })

  test('holds over two processes, and what is revoked makes room', async () => {
    const database = freshDatabase()
    const peers = [new Peer({ database, concurrency: 2 }), new Peer({ database, concurrency: 2 })]
    const { app, ratedByKey } = openApp({ database })
    await using _ = app
    const handles = await ratedByKey.delayMany(oneTo(7).map(([n]): [string, number] => ['k', n]))
    assert.deepEqual(await Promise.all(handles.slice(0, 3).map((handle) => handle.state())), [
      'PENDING',
      'PENDING',
      'BLOCKED',
    ])
    for (const handle of handles.slice(0, 2)) assert.equal(await handle.revoke(), 'REVOKED')
    await Promise.all(peers.map((peer) => peer.call('start')))
    assertRate(await begins(handles.slice(2)), 2, 2_000)
    for (const peer of peers) assert.equal(await peer.leave(), 0)
  })
})

describe('control.rateLimit', () => {
  test('sets, lifts and gives back a rate, for all processes and over restarts', async () => {
    const database = freshDatabase()
    const { app, add, rated } = openApp({ database })
    await using _ = app
    const peer = new Peer({ database })
    await peer.call('rateLimit', 'add', '1/h')
    await app.start()
    const [first, second] = await add.delayMany([
      [1, 1],
      [2, 2],
    ])
    assert.equal(await resultOf(first!), 2)
    const why = 'waits for its task: "add" is limited to 1/h'
    await until(async () => (await app.inspect.explain(second!.id)).startsWith(why), why)
    await app.stop()
    await app.start()
    assert.ok((await app.inspect.explain(second!.id)).startsWith(why))
    await peer.call('rateLimit', 'add', null)
    assert.equal(await resultOf(second!), 4)

    await app.control.rateLimit({ task: 'rated' }, '1/h')
    const handles = await rated.delayMany(oneTo(6))
    await resultOf(handles[0]!)
    assert.equal(await handles[1]!.state(), 'PENDING')
    await app.control.rateLimit('rated', 'declared')
    assertRate(await begins(handles), 5, 2_000)
    await assert.rejects(app.control.rateLimit('add', 'often'), {
      code: 'INVALID_OPTION',
      message: /^rateLimit\(\): rate is 'often'/,
    })
    assert.equal(await peer.leave(), 0)
  })

  test('holds for each key of a task that has some', async () => {
    const { app, ratedByKey } = openApp({ database: freshDatabase() })
    await using _ = app
    await app.start()
    await app.control.rateLimit('ratedByKey', '1/h')
    const [first, second, third] = await ratedByKey.delayMany([
      ['a', 1],
      ['a', 2],
      ['a', 3],
    ])
    const other = await ratedByKey.delay('b', 1)
    await resultOf(first!)
    await resultOf(other)
    await until(async () => (await second!.state()) === 'BLOCKED', 'the second to be laid aside')
    await app.control.rateLimit('ratedByKey', null)
    assert.deepEqual([await resultOf(second!), await resultOf(third!)], [2, 3])
  })
})

describe('rateLimited()', () => {
  test('holds the task back in all processes, and costs no attempt', async () => {
    const database = freshDatabase()
    const { app, slowedDown, add } = openApp({ database })
    await using _ = app
    await app.start()
    const journal = new Journal()
    const handle = await slowedDown.delay(journal.path, 3_000)
    await journal.has('attempt 1')
    const { startedAt } = await until(async () => {
      const info = await handle.info()
      return info?.attempt === 0 && info
    }, 'the attempt to be given back')
    assert.match(
      await app.inspect.explain(handle.id),
      /^waits for its task: "slowedDown" was told to slow down, until 20/,
    )
    const peer = new Peer({ database })
    await peer.call('start')
    const next = await slowedDown.delay(journal.path, 3_000)
    assert.equal(await resultOf(await add.delay(1, 1)), 2)
    const times = [await resultOf(handle), await resultOf(next)]
    assert.ok(Math.min(...times) - Number(startedAt) >= 3_000, 'neither runs before the time')
    const { attempt, attempts } = (await handle.info())!
    assert.deepEqual([attempt, attempts.length], [1, 1])
    assert.deepEqual(journal.lines(), ['attempt 1', 'attempt 1', 'attempt 1'])
    assert.equal(await peer.leave(), 0)
  })

  test('holds one key back where the rate has keys', async () => {
    const { app, slowedByKey } = openApp({ database: freshDatabase() })
    await using _ = app
    await app.start()
    const journal = new Journal()
    const slow = await slowedByKey.delay(journal.path, 'slow', 60_000)
    await until(async () => (await slow.state()) === 'BLOCKED', 'the key to be held back')
    assert.match(
      await app.inspect.explain(slow.id),
      /^waits for its task: "slowedByKey" with the key "slow" .*, until 20/,
    )
    const fast = await slowedByKey.delay(journal.path, 'fast', 1)
    await resultOf(fast)
    assert.equal(await slow.state(), 'BLOCKED')
    assert.equal(journal.lines().filter((line) => line === 'slow').length, 1)
  })

  test('is refused without a duration', () => {
    assert.throws(() => rateLimited('soon'), { code: 'INVALID_OPTION', message: /rateLimited\(\) delay/ })
  })
})
