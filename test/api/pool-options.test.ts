/** Options of the pool: how many threads there are, how long they live, and what they run with. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { resultOf } from '../fixtures/calls.ts'
import { freshDatabase, temporaryFolder } from '../fixtures/folder.ts'
import { openPool } from '../fixtures/pool-tasks.ts'
import { until } from '../fixtures/until.ts'

test('threads are opened as jobs need them, and end when they are idle', async () => {
  const { app, meet, thread } = openPool({ database: freshDatabase(), pool: { minThreads: 0, idleTimeout: 50 } })
  await using _ = app
  await app.start()
  const threads = async (count: number) =>
    until(async () => (await app.inspect.stats()).threads === count, `${count} threads`)
  await threads(0)
  await resultOf(await thread.delay())
  const folder = temporaryFolder()
  const busy = await meet.delayMany(Array.from({ length: 4 }, (): [string, number] => [folder, 2]))
  assert.equal(new Set(await Promise.all(busy.map(resultOf))).size, 2)
  await threads(0)
  await resultOf(await thread.delay())
  assert.equal((await app.inspect.stats()).restarts, 0)
})

test('as many threads as are always kept are there before any job, and stay when they are idle', async () => {
  const pool = { minThreads: 2, idleTimeout: 1 }
  const { app, meet, thread } = openPool({ database: freshDatabase(), concurrency: 3, pool })
  await using _ = app
  const threads = async (): Promise<number> => (await app.inspect.stats()).threads
  await app.start()
  await until(async () => (await threads()) === 2, 'two threads')
  const folder = temporaryFolder()
  for (const handle of await meet.delayMany(Array.from({ length: 3 }, (): [string, number] => [folder, 3])))
    await resultOf(handle)
  await until(async () => (await threads()) < 3, 'the end of the third')
  for (let i = 0; i < 20; i++) {
    await resultOf(await thread.delay())
    assert.ok((await threads()) >= 2)
  }
  assert.equal((await app.inspect.stats()).restarts, 0)
})

test('no second thread is opened for a single job', async () => {
  const { app, occupy } = openPool({ database: freshDatabase(), concurrency: 2 })
  await using _ = app
  await app.start()
  const handle = await occupy.delay(100)
  await resultOf(handle)
  const { threads, restarts } = await app.inspect.stats()
  assert.deepEqual([threads, restarts], [1, 0])
})

test('a thread is replaced after its share of jobs, between jobs', async () => {
  const { app, thread } = openPool({ database: freshDatabase(), concurrency: 1, pool: { maxTasksPerThread: 5 } })
  await using _ = app
  await app.start()
  const seen: number[] = []
  const handles = await thread.delayMany(Array.from({ length: 20 }, () => []))
  for (const handle of handles) seen.push(await resultOf(handle))
  for (const id of seen) assert.ok(seen.filter((other) => other === id).length <= 5, `threads ${seen}`)
  for (const handle of handles)
    assert.deepEqual(
      (await handle.info())!.attempts.map(({ outcome }) => outcome),
      ['success'],
    )
  await until(async () => (await app.inspect.stats()).restarts >= 3, 'three threads to be counted as replaced')
})

test('threads get the environment and the Node options that they are given', async () => {
  const pool = { env: { COLOUR: 'green' }, execArgv: ['--no-warnings'] }
  const { app, environment, arguments: args } = openPool({ database: freshDatabase(), pool })
  await using _ = app
  await app.start()
  assert.equal(await resultOf(await environment.delay('COLOUR')), 'green')
  assert.equal(await resultOf(await environment.delay('PATH')), null)
  assert.deepEqual(await resultOf(await args.delay()), ['--no-warnings'])
})

test('a thread that fails before it can take anything is told to whoever starts the app', async () => {
  const { app } = openPool({ database: freshDatabase(), pool: { execArgv: ['--require', './there-is-no-such.cjs'] } })
  await using _ = app
  await assert.rejects(app.start(), { code: 'TASK_MODULE_FAILED', message: /there-is-no-such/ })
})

test('a task that allocates until the limit of its thread ends that thread only', async () => {
  const pool = { resourceLimits: { maxOldGenerationSizeMb: 24 } }
  const { app, hoard, thread } = openPool({ database: freshDatabase(), pool })
  await using _ = app
  await app.start()
  const handle = await hoard.delay()
  await assert.rejects(resultOf(handle), (error: Error) => {
    assert.equal((error.cause as { code: string }).code, 'WORKER_LOST')
    assert.match(String((error.cause as Error).cause), /memory/i)
    return true
  })
  assert.equal((await handle.info())?.crashes, 1)
  assert.ok((await resultOf(await thread.delay())) > 0)
  assert.equal((await app.inspect.stats()).restarts, 1)
})

test('a thread loads no ES module by require(), because one that is ended meanwhile would take the process with it', async () => {
  const entry = fileURLToPath(new URL('../../lib/worker/entry.cjs', import.meta.url))
  const program = `console.log(typeof require(${JSON.stringify(entry)}))`
  const args = ['--no-experimental-require-module', '--eval', program]
  assert.equal((await promisify(execFile)(process.execPath, args)).stdout, 'function\n')
  // Neither does piscina, which is told of this file.
  assert.match(
    await readFile(new URL('../../modules/pool/pool.js', import.meta.url), 'utf8'),
    /'\.\.\/worker\/entry\.cjs'/,
  )
})
