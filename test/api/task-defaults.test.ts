/** `taskDefaults`: each one at work in a task that says nothing itself, and not in one that says otherwise. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Celeriac, currentTask, type TaskOptions } from 'celeriac'
import { z } from 'zod'
import { failureOf, resultOf } from '../fixtures/calls.ts'
import { freshDatabase } from '../fixtures/folder.ts'
import { until } from '../fixtures/until.ts'

const silent = { debug() {}, info() {}, warn() {}, error() {} }
const open = (taskDefaults: TaskOptions): Celeriac =>
  new Celeriac({ database: freshDatabase(), concurrency: 2, logger: silent, taskDefaults })

describe('taskDefaults', () => {
  test('queue, priority, codec, runIn and retry', async () => {
    const app = open({
      queue: 'mail',
      priority: 7,
      codec: 'v8',
      runIn: 'main',
      retry: { maxRetries: 1, backoff: 'fixed', delay: 0 },
    })
    await using _ = app
    const failsOnce = (value: Map<string, number>): Map<string, number> => {
      if (currentTask().attempt === 1) throw new Error('once')
      return value
    }
    const plain = app.task('plain', failsOnce)
    const silentOwn = app.task('silentOwn', { queue: undefined, priority: undefined } as never, () => {})
    const own = app.task('own', { queue: 'other', priority: 1, codec: 'json', retry: 0 }, (value: number) => {
      throw new Error(String(value))
    })
    await app.start()
    const handle = await plain.delay(new Map([['a', 1]]))
    assert.deepEqual(await resultOf(handle), new Map([['a', 1]]))
    const info = await handle.info()
    assert.deepEqual([info?.queue, info?.priority, info?.attempts.length], ['mail', 7, 2])
    const other = await own.delay(1)
    await assert.rejects(resultOf(other), { code: 'TASK_FAILURE' })
    const unsaid = await (await silentOwn.applyAsync([], { countdown: '1h' })).info()
    assert.deepEqual([unsaid?.queue, unsaid?.priority], ['mail', 7], 'undefined is as good as not given')
    const said = await other.info()
    assert.deepEqual([said?.queue, said?.priority, said?.attempts.length], ['other', 1, 1])
  })

  test('softTimeLimit, timeLimit and ignoreResult', async () => {
    const app = open({ runIn: 'main', softTimeLimit: 20, timeLimit: 400, ignoreResult: true })
    await using _ = app
    const heeds = app.task('heeds', async () => {
      const { signal } = currentTask()
      await until(() => signal.aborted, 'the soft limit')
      return 'not kept'
    })
    const kept = app.task('kept', { ignoreResult: false }, () => 'kept')
    const never = app.task('never', () => new Promise<never>(() => {}))
    await app.start()
    assert.equal(await resultOf(await heeds.delay()), undefined)
    assert.equal(await resultOf(await kept.delay()), 'kept')
    assert.equal((await failureOf(await never.delay())).cause.code, 'TIME_LIMIT_EXCEEDED')
  })

  test('concurrency and rateLimit', async () => {
    const app = open({ runIn: 'main', concurrency: 1, rateLimit: '2/h' })
    await using _ = app
    let running = 0
    let most = 0
    const counted = async (): Promise<void> => {
      most = Math.max(most, ++running)
      await new Promise((resolve) => setImmediate(resolve))
      running--
    }
    const one = app.task('one', counted)
    const free = app.task('free', { rateLimit: '1000/s' }, () => 'free')
    const handles = await one.delayMany([[], [], []])
    await app.start()
    for (const handle of handles.slice(0, 2)) await resultOf(handle)
    assert.equal(most, 1)
    const third = handles[2]!
    const why = 'waits for its task: "one" is limited to 2/h'
    await until(async () => (await app.inspect.explain(third.id)).startsWith(why), why)
    for (const handle of await free.delayMany([[], [], []])) assert.equal(await resultOf(handle), 'free')
  })

  test('expires, deadline, unique and input', async () => {
    const app = open({ runIn: 'main', expires: 1, deadline: 5, unique: true, input: z.tuple([z.number()]) })
    await using _ = app
    const late = app.task('late', (value: number) => value)
    const wanted = app.task('wanted', { expires: '1h', unique: false }, (value: number) => value)
    const throttle = { key: 'all', every: '1h' } as const
    const throttled = app.task('throttled', { expires: '1h', deadline: '1h', throttle }, (value: number) => value)
    await assert.rejects(
      Promise.resolve().then(() => late.delay('no number' as never)),
      { code: 'INVALID_INPUT' },
    )
    const first = await late.delay(1)
    const again = await late.delay(1)
    assert.deepEqual([again.duplicate, again.id], [true, first.id])
    const [one, two] = [await throttled.delay(1), await throttled.delay(2)]
    assert.equal(two.id, one.id, 'in the place of `unique`')
    const overdue = await wanted.delay(1)
    assert.equal((await wanted.delay(1)).duplicate, false)
    const since = Date.now()
    await until(() => Date.now() > since + 10, 'the deadline')
    await app.start()
    await until(async () => (await first.state()) === 'EXPIRED', 'the job to expire')
    assert.equal((await failureOf(overdue)).cause.code, 'DEADLINE_EXCEEDED')
  })
})
