/** app.metrics(), its text for Prometheus wherever it is mounted, and the views for SQL. */
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { hostname } from 'node:os'
import { after, test } from 'node:test'
import Database from 'better-sqlite3'
import { createMetrics } from 'celeriac/metrics'
import express from 'express'
import { Hono } from 'hono'
import { resultOf } from '../fixtures/calls.ts'
import { freshDatabase } from '../fixtures/folder.ts'
import { Journal } from '../fixtures/journal.ts'
import { openApp } from '../fixtures/tasks.ts'
import { until } from '../fixtures/until.ts'

/** Samples of a text, by name and labels; refuses what Prometheus would. */
function samplesOf(text: string): Map<string, number> {
  const samples = new Map<string, number>()
  const families = new Set<string>()
  for (const line of text.trimEnd().split('\n')) {
    const type = /^# TYPE (\w+) (counter|gauge|histogram)$/.exec(line)
    if (type) {
      assert.ok(!families.has(type[1] as string), `${type[1]} is declared once`)
      families.add(type[1] as string)
    } else if (!line.startsWith('# HELP ')) {
      const sample = /^(\w+?)(_bucket|_sum|_count)?((?:\{(?:\w+="(?:[^"\\\n]|\\[\\"n])*",?)+\})?) (-?[\d.e+-]+)$/.exec(
        line,
      )
      assert.ok(sample, `a sample: ${line}`)
      assert.ok(families.has(sample[1] as string) || families.has(`${sample[1]}${sample[2]}`), `${line} has a type`)
      const name = `${sample[1]}${sample[2] ?? ''}${sample[3]}`
      assert.ok(!samples.has(name), `${name} stands once`)
      samples.set(name, Number(sample[4]))
    }
  }
  return samples
}

test('metrics name what ended, waits and runs', async () => {
  const { app, add, fail, hold } = openApp({ database: freshDatabase(), name: 'shop', concurrency: 2 })
  await using _ = app
  const journal = new Journal()
  await app.start()
  assert.equal((await app.metrics()).eventLoopDelay, null)
  for (const handle of await add.delayMany([
    [1, 1],
    [2, 2],
    [3, 3],
  ]))
    await resultOf(handle)
  const bad = await fail.applyAsync(['no'], { queue: 'odd "queue"\\' })
  await until(() => bad.ready(), 'the failure')
  const running = await hold.applyAsync([journal.path, 'one'], { queue: 'slow' })
  await journal.has('one began')
  await add.applyAsync([1, 1], { countdown: '1h' })

  const { app: name, threads, eventLoopDelay, workers, states } = await app.metrics()
  assert.deepEqual([name, threads.busy, threads.most, workers, states.SUCCESS], ['shop', 1, 2, 1, 3])
  assert.ok(eventLoopDelay && eventLoopDelay.p99 >= eventLoopDelay.p50 && eventLoopDelay.p50 >= 0)

  const samples = samplesOf(await createMetrics(app).text())
  const line = 'task="add",queue="default"'
  const expected: [string, number][] = [
    [`celeriac_tasks_total{${line},outcome="success"}`, 3],
    [`celeriac_tasks_total{${line},outcome="failure"}`, 0],
    ['celeriac_tasks_total{task="fail",queue="odd \\"queue\\"\\\\",outcome="failure"}', 1],
    [`celeriac_task_duration_seconds_count{${line}}`, 3],
    [`celeriac_task_duration_seconds_bucket{${line},le="+Inf"}`, 3],
    [`celeriac_task_wait_seconds_count{${line}}`, 3],
    ['celeriac_jobs{state="SUCCESS"}', 3],
    ['celeriac_jobs{state="SCHEDULED"}', 1],
    ['celeriac_jobs{state="EXPIRED"}', 0],
    ['celeriac_queue_depth{queue="slow",state="running"}', 1],
    ['celeriac_queue_depth{queue="slow",state="pending"}', 0],
    ['celeriac_queue_oldest_age_seconds{queue="slow"}', 0],
    ['celeriac_workers', 1],
    ['celeriac_pool_threads{state="busy"}', 1],
    ['celeriac_pool_threads_max', 2],
  ]
  for (const [sample, value] of expected) assert.equal(samples.get(sample), value, sample)
  assert.ok((samples.get('celeriac_database_bytes') ?? 0) >= 4_096)
  assert.ok((samples.get('celeriac_wal_bytes') ?? 0) > 0)
  let last = 0
  for (const [sample, value] of samples) {
    if (!sample.startsWith('celeriac_task_duration_seconds_bucket{task="add"')) continue
    assert.ok(value >= last, 'buckets are cumulative')
    last = value
  }
  journal.open()
  await resultOf(running)
})

test('a process says soon after its start, and in a beat, how late its event loops were', async () => {
  const { app } = openApp({ database: freshDatabase(), name: 'late' })
  await using _ = app
  await app.start({ role: 'beat' })
  const [first] = await app.reader.workers()
  assert.ok(first && first.vitals.memory > 10_000_000, `${first?.vitals.memory} bytes`)
  assert.deepEqual([first.vitals.restarts, first.silentSince], [0, null])
  await until(async () => {
    // This very thread is the application's. Again and again, for a report tells of the time since the one before.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_000)
    return ((await app.reader.workers())[0]?.vitals.appDelay ?? 0) >= 200
  }, 'the delay to be told')
  const samples = samplesOf(await createMetrics(app).text())
  const labels = `host="${hostname()}",pid="${process.pid}",role="beat"`
  assert.ok((samples.get(`celeriac_process_loop_delay_seconds{${labels},loop="app"}`) ?? 0) >= 0.2)
  assert.ok((samples.get(`celeriac_process_loop_delay_seconds{${labels},loop="engine"}`) ?? -1) >= 0)
  assert.ok((samples.get(`celeriac_process_memory_bytes{${labels}}`) ?? 0) > 10_000_000)
  assert.equal(samples.get(`celeriac_process_thread_restarts_total{${labels}}`), 0)
  assert.equal(samples.get(`celeriac_process_up{${labels}}`), 1)
})

test('metrics are served by node:http, Express and Hono, to those who read only', async () => {
  const { app } = openApp({ database: freshDatabase() })
  await app.start()
  const metrics = createMetrics(app)
  const listen = async (server: ReturnType<typeof createServer>): Promise<string> => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    after(() => void server.close())
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }
  const plain = await listen(createServer(metrics.node))
  const server = express()
  server.use('/metrics', metrics.node)
  const withExpress = await listen(createServer(server as never))
  const hono = new Hono().all('/metrics', (context) => metrics.fetch(context.req.raw))
  for (const read of [
    (init?: RequestInit) => fetch(`${plain}/metrics`, init),
    (init?: RequestInit) => fetch(`${withExpress}/metrics`, init),
    async (init?: RequestInit) => hono.request('/metrics', init),
  ]) {
    const answer = await read()
    assert.deepEqual(
      [answer.status, answer.headers.get('content-type')],
      [200, 'text/plain; version=0.0.4; charset=utf-8'],
    )
    assert.equal(samplesOf(await answer.text()).get('celeriac_workers'), 1)
    const head = await read({ method: 'HEAD' })
    assert.deepEqual([head.status, await head.text()], [200, ''])
    const refused = await read({ method: 'POST' })
    assert.deepEqual([refused.status, refused.headers.get('allow')], [405, 'GET, HEAD'])
  }
  await app.stop()
  assert.equal(samplesOf(await metrics.text()).get('celeriac_pool_threads_max'), 0, 'a stopped app has no threads')
  await app.reader.close()
})

test('the views tell of jobs, attempts, slots and days in plain SQL', async () => {
  const database = freshDatabase()
  const { app, add, flaky } = openApp({ database })
  app.schedule('soon', { at: new Date(Date.now() + 50), run: add.s(5, 5) })
  await app.start()
  const good = await add.applyAsync([1, 2], { tags: ['red', 'blue'] })
  await resultOf(good)
  const retried = await flaky.applyAsync([2], { retry: { maxRetries: 3, delay: '1ms' } })
  await resultOf(retried)
  await until(async () => (await app.schedules.ledger('soon'))[0]?.outcome === 'fired', 'the slot')
  await until(async () => (await app.reader.overview()).states.SUCCESS === 3, 'three jobs')
  await app.stop()

  const db = new Database(database, { readonly: true })
  const one = (sql: string) => db.prepare(sql).get() as Record<string, unknown>
  const task = one(`SELECT * FROM celeriac_v_tasks WHERE id = '${good.id}'`)
  assert.deepEqual(
    [task.task, task.queue, task.state, task.tags, task.args, task.result, task.root_id, task.error_name],
    ['add', 'default', 'SUCCESS', '["red","blue"]', '[1,2]', '3', good.id, null],
  )
  assert.match(task.finished_at as string, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  assert.ok((task.duration_ms as number) >= 0)
  const attempts = db.prepare(`SELECT * FROM celeriac_v_attempts WHERE task_id = ? ORDER BY number`).all(retried.id)
  assert.deepEqual(
    (attempts as Record<string, unknown>[]).map(({ number, outcome, error_message }) => [
      number,
      outcome,
      error_message,
    ]),
    [
      [1, 'retry', 'attempt 1 failed'],
      [2, 'success', null],
    ],
  )
  const slot = one('SELECT * FROM celeriac_v_schedule_slots')
  assert.deepEqual([slot.schedule, slot.outcome, slot.task_state], ['soon', 'fired', 'SUCCESS'])
  assert.deepEqual(
    db
      .prepare(
        'SELECT task, sum(success) AS success, sum(retries) AS retries FROM celeriac_v_daily_stats GROUP BY task',
      )
      .all(),
    [
      { task: 'add', success: 2, retries: 0 },
      { task: 'flaky', success: 1, retries: 1 },
    ],
  )
  db.close()
})
