/** Time limits: the signal of the soft one, the end of the thread at the hard one, and what becomes of the others. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { resultOf } from '../fixtures/calls.ts'
import { freshDatabase } from '../fixtures/folder.ts'
import { gates, openLimited } from '../fixtures/limited-tasks.ts'
import { until } from '../fixtures/until.ts'

/** What `get()` rejects with at a hard limit. */
const exceeded = { code: 'TASK_FAILURE', cause: { code: 'TIME_LIMIT_EXCEEDED' } }

async function rejects(promise: Promise<unknown>, expected: { code: string; cause: { code: string } }): Promise<void> {
  await assert.rejects(promise, (error: { code: string; cause: { code: string } }) => {
    assert.deepEqual({ code: error.code, cause: { code: error.cause.code } }, expected)
    return true
  })
}

test('the hard limit ends loops, backtracking and waits, and the pool goes on', async () => {
  const { app, spin, backtrack, sleep, echo } = openLimited({ database: freshDatabase() })
  await using _ = app
  await app.start()
  const stuck = await Promise.all([spin.delay(), backtrack.delay(), sleep.delay()])
  const behind = await echo.delayMany([[1], [2], [3]])
  for (const handle of stuck) await rejects(handle.get({ timeout: '20s' }), exceeded)
  assert.deepEqual(await Promise.all(behind.map(resultOf)), [1, 2, 3])
  for (const handle of behind) assert.equal((await handle.info())?.attempt, 1)
})

test('what ended before it in the line of its thread is told before it ends, and does not run again', async () => {
  const { app, spin, echo } = openLimited({ database: freshDatabase(), concurrency: 1 })
  await using _ = app
  await app.start()
  // Known as short, so that others are laid behind it.
  await Promise.all((await echo.delayMany(Array.from({ length: 50 }, (_, i) => [i]))).map(resultOf))
  for (let round = 0; round < 4; round++) {
    const [before, long] = await Promise.all([echo.delayMany([[1], [2], [3], [4]]), spin.delay()])
    const told: string[] = []
    await Promise.all([
      rejects(long.get({ timeout: '20s' }), exceeded).then(() => told.push('the long one')),
      ...before.map((handle, i) => resultOf(handle).then(() => told.push(`the ${i}th`))),
    ])
    assert.equal(told.at(-1), 'the long one', told.join(', '))
    for (const handle of before) assert.equal((await handle.info())?.attempts.length, 1)
  }
})

test('a job over its hard limit did not run much longer than it', async () => {
  const { app, spin } = openLimited({ database: freshDatabase() })
  await using _ = app
  await app.start()
  const handle = await spin.delay()
  await rejects(handle.get({ timeout: '20s' }), exceeded)
  const [attempt] = (await handle.info())?.attempts ?? []
  const ran = (attempt?.endedAt?.getTime() ?? 0) - (attempt?.startedAt?.getTime() ?? 0)
  // The figure is 100 ms on a machine of its own; the tests share theirs, and the loop would run for ever.
  assert.ok(ran >= 200 && ran < 10_000, `${ran} ms`)
})

test('the hard limit holds for a job whose line was taken back from behind it', async () => {
  const { app, mixed, echo } = openLimited({ database: freshDatabase(), concurrency: 1 })
  await using _ = app
  await app.start()
  // Known as short, so that others are laid behind it.
  await Promise.all((await mixed.delayMany(Array.from({ length: 20 }, () => [false]))).map(resultOf))
  const handle = (await mixed.delayMany([[true], ...Array.from({ length: 20 }, (): [boolean] => [false])]))[0]
  await rejects(handle!.get({ timeout: '20s' }), exceeded)
  assert.equal(await resultOf(await echo.delay(7)), 7)
})

test('a job over its hard limit is tried again as its policy says', async () => {
  const { app, spinLater, spinTwice } = openLimited({ database: freshDatabase() })
  await using _ = app
  await app.start()
  const [later, handle] = [await spinLater.applyAsync([], { retry: 2 }), await spinTwice.delay()]
  await rejects(handle.get({ timeout: '20s' }), exceeded)
  const info = await handle.info()
  assert.deepEqual(
    info?.attempts.map(({ outcome }) => outcome),
    ['retry', 'failure'],
  )
  assert.equal(info?.crashes, 0)
  const { eta, attempts, maxAttempts } = await until(async () => {
    const waiting = await later.info()
    return waiting?.state === 'RETRY' && waiting
  }, 'the retry of the other')
  assert.deepEqual([maxAttempts, Number(eta) - Number(attempts[0]?.endedAt)], [3, 3_600_000])
})

test('the soft limit aborts the signal with its reason, in the context of the task', async () => {
  const { app, clean } = openLimited({ database: freshDatabase() })
  await using _ = app
  await app.start()
  assert.deepEqual(await resultOf(await clean.delay()), { code: 'SOFT_TIME_LIMIT_EXCEEDED', attempt: 1 })
})

test('the soft limit can be seen in a synchronous loop', async () => {
  const { app, watch } = openLimited({ database: freshDatabase() })
  await using _ = app
  await app.start()
  assert.equal(await resultOf(await watch.delay()), 'noticed')
})

test("a call's own limit goes before the task's", async () => {
  const { app, clean } = openLimited({ database: freshDatabase() })
  await using _ = app
  await app.start()
  const handle = await clean.applyAsync([], { softTimeLimit: '1h', timeLimit: 100 })
  await rejects(handle.get({ timeout: '20s' }), exceeded)
})

test('on the main thread the late result is fenced off, and the slot stays taken until the function ends', async () => {
  const { app, mainWait } = openLimited({ database: freshDatabase() })
  await using _ = app
  await app.start()
  const names = Array.from({ length: 16 }, (_, i) => `gate-${i}`)
  const handles = await mainWait.delayMany(names.map((name) => [name]))
  for (const handle of handles) await rejects(handle.get({ timeout: '20s' }), exceeded)
  const next = await mainWait.applyAsync(['next'], { timeLimit: '1h' })
  assert.equal(gates.has('next'), false)
  gates.get('gate-0')?.('late')
  const end = await until(() => gates.get('next'), 'the slot of the late one')
  end('in time')
  assert.equal(await resultOf(next), 'in time')
  assert.equal(await handles[0]?.state(), 'FAILURE')
  for (const name of names) gates.get(name)?.('late')
})

test('another thread stands by when a limit is near, and runs nothing before', async () => {
  const { app, spin, echo } = openLimited({ database: freshDatabase(), concurrency: 1 })
  await using _ = app
  await app.start()
  const threads = async (count: number) =>
    until(async () => (await app.inspect.stats()).threads === count, `${count} threads`)
  const handle = await spin.applyAsync([], { timeLimit: '2s' })
  const behind = await echo.delay(7)
  await threads(2)
  assert.equal(await behind.state(), 'PENDING')
  await rejects(handle.get({ timeout: '20s' }), exceeded)
  assert.equal(await resultOf(behind), 7)
  await threads(1)
  const [ended, began] = [(await handle.info())?.attempts[0]?.endedAt, (await behind.info())?.attempts[0]?.startedAt]
  assert.ok(Number(began) >= Number(ended) - 5, `${began?.toISOString()} before ${ended?.toISOString()}`)
})

test('a thread that stood by in vain leaves again', async () => {
  const { app, clean, echo } = openLimited({ database: freshDatabase(), concurrency: 1 })
  await using _ = app
  await app.start()
  const threads = async (count: number) =>
    until(async () => (await app.inspect.stats()).threads === count, `${count} threads`)
  // Ends by itself between half of its limit and all of it.
  const handle = await clean.applyAsync([], { softTimeLimit: '2s', timeLimit: '2400ms' })
  await threads(2)
  assert.equal((await resultOf(handle)).code, 'SOFT_TIME_LIMIT_EXCEEDED')
  await threads(1)
  assert.equal(await resultOf(await echo.delay(1)), 1)
})
