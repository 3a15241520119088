/** Threads inside native code, which nothing can end: left alone, counted, and replaced up to a limit. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import { failureOf, resultOf, SOON } from '../fixtures/calls.ts'
import { freshDatabase, temporaryFolder } from '../fixtures/folder.ts'
import { Journal } from '../fixtures/journal.ts'
import { openNative, release } from '../fixtures/native-tasks.ts'
import { until } from '../fixtures/until.ts'

function newPipe(): string {
  const pipe = `${temporaryFolder()}/pipe`
  execFileSync('mkfifo', [pipe])
  return pipe
}

async function opened() {
  const journal = new Journal()
  const pipe = newPipe()
  const errors: string[] = []
  const log = { debug: () => {}, info: () => {}, warn: () => {}, error: (text: string) => void errors.push(text) }
  const on = openNative({ database: freshDatabase(), logger: log })
  await on.app.start()
  return {
    ...on,
    errors,
    journal,
    pipe,
    stick: () => on.read.delay(journal.path, pipe),
    stuck: (count: number) => until(async () => (await on.app.inspect.stats()).stuck === count, `${count} stuck`),
    [Symbol.asyncDispose]: async () => {
      // As long as one of them is in there, this process cannot end.
      await until(async () => {
        release(pipe)
        return (await on.app.inspect.stats().catch(() => ({ stuck: 0 }))).stuck === 0
      }, 'the end of all readers')
      await on.app.stop()
    },
  }
}

test('the job ends at its limit, the thread is counted and replaced, and leaves when the call returns', async () => {
  await using on = await opened()
  const handle = await on.stick()
  assert.equal((await failureOf(handle)).cause.code, 'TIME_LIMIT_EXCEEDED')
  assert.equal(await resultOf(await on.echo.delay('next')), 'next')
  await on.stuck(1)
  const { stuck, fault } = await on.app.inspect.ping()
  assert.deepEqual({ stuck, fault }, { stuck: 1, fault: null })
  assert.match(on.errors.join('\n'), /1 thread is stuck in native code/)
  await until(() => release(on.pipe), 'the reader')
  await on.stuck(0)
  // It was ended before it could go on.
  assert.deepEqual(on.journal.lines(), ['reading'])
  assert.equal(await handle.state(), 'FAILURE')
})

test('no more of them are replaced than the pool has threads, ping says so, and the pool recovers', async () => {
  await using on = await opened()
  for (let i = 0; i < 2; i++) await failureOf(await on.stick())
  await on.stuck(2)
  const { fault } = await on.app.inspect.ping()
  assert.match(fault?.message ?? '', /2 threads are stuck/)
  const handle = await on.echo.delay('waits')
  await assert.rejects(handle.get({ timeout: 300 }), { code: 'RESULT_TIMEOUT' })
  await until(() => release(on.pipe), 'a reader')
  assert.equal(await handle.get(SOON), 'waits')
  assert.equal((await on.app.inspect.ping()).fault, null)
})

test('stop() does not wait for them, and says how many there are', async () => {
  const { app, read } = openNative({ database: freshDatabase() })
  const [pipe, log] = [newPipe(), new Journal()]
  await app.start()
  await read.applyAsync([log.path, pipe], { timeLimit: '1h' })
  await log.has('reading')
  const { returned, killed, stuck } = await app.stop()
  assert.deepEqual({ returned, killed, stuck }, { returned: 1, killed: 1, stuck: 1 })
  await until(() => release(pipe), 'the reader')
})
