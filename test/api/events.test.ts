/** Events: every name is told, with its fields, and a listener that fails harms nobody. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EventMap, EventName } from 'celeriac'
import { failureOf, resultOf } from '../fixtures/calls.ts'
import { freshDatabase } from '../fixtures/folder.ts'
import { Journal } from '../fixtures/journal.ts'
import { Peer } from '../fixtures/peer.ts'
import { openApp } from '../fixtures/tasks.ts'
import { until } from '../fixtures/until.ts'

type Told = { [N in EventName]?: EventMap[N][] }

function listenTo(app: ReturnType<typeof openApp>['app'], names: EventName[]): Told {
  const told: Told = {}
  for (const name of names) {
    app.on(name, (event) => {
      told[name] ??= []
      ;(told[name] as unknown[]).push(event)
    })
  }
  return told
}

test('each event of a job is told once, with what belongs to it', async () => {
  const opened = openApp({ database: freshDatabase() })
  const { app, add, fail, flaky, report } = opened
  await using _ = app
  const told = listenTo(app, [
    'task-sent',
    'task-started',
    'task-progress',
    'task-succeeded',
    'task-failed',
    'task-retried',
    'task-revoked',
    'task-expired',
    'worker-online',
  ])
  await app.start()
  const journal = new Journal()
  journal.open()
  const done = await report.applyAsync([journal.path], { queue: 'mail' })
  await resultOf(done)
  const failed = await fail.delay('no paper')
  await failureOf(failed)
  const again = await flaky.delay(2)
  await resultOf(again)
  const revoked = await add.applyAsync([1, 2], { countdown: '1h' })
  await revoked.revoke()
  const expired = await add.applyAsync([1, 2], { expires: 0 })
  await failureOf(expired)
  await until(() => told['task-expired'] && told['task-revoked'] && told['task-retried'], 'the last events')

  const of = <N extends EventName>(name: N, id: string) =>
    (told[name] as (EventMap[N] & { id: string })[]).filter((event) => event.id === id)
  assert.deepEqual(
    of('task-sent', done.id).map(({ task, queue }) => [task, queue]),
    [['report', 'mail']],
  )
  assert.deepEqual(
    of('task-started', done.id).map(({ task, queue, attempt }) => [task, queue, attempt]),
    [['report', 'mail', 1]],
  )
  assert.deepEqual(of('task-progress', done.id).at(-1)?.progress, { done: 4, total: 4 })
  const [succeeded] = of('task-succeeded', done.id)
  assert.ok(succeeded!.at instanceof Date && Math.abs(Number(succeeded!.at) - Date.now()) < 60_000)
  assert.equal(succeeded!.attempt, 1)
  assert.ok(succeeded!.runtime >= 0)
  const [failure] = of('task-failed', failed.id)
  assert.equal(failure!.error?.message, 'no paper')
  assert.deepEqual(of('task-succeeded', failed.id), [])
  const [retried] = of('task-retried', again.id)
  assert.deepEqual([retried!.attempt, retried!.error?.name], [1, 'RangeError'])
  assert.equal(of('task-started', again.id).length, 2)
  assert.equal(of('task-revoked', revoked.id).length, 1)
  assert.deepEqual(
    of('task-expired', expired.id).map(({ task, queue }) => [task, queue]),
    [['add', 'default']],
  )
  assert.deepEqual(
    told['worker-online']!.map(({ pid }) => pid),
    [process.pid],
  )
  for (const events of Object.values(told)) for (const { at } of events) assert.ok(at instanceof Date)
  await app.stop()
})

test('worker-offline tells of another process that died', async () => {
  const database = freshDatabase()
  const { app } = openApp({ database })
  await using _ = app
  const told = listenTo(app, ['worker-offline'])
  await app.start()
  const peer = new Peer({ database })
  await peer.call('start')
  assert.equal((await app.inspect.workers()).length, 2)
  await peer.kill()
  const [event] = await until(() => told['worker-offline'], 'worker-offline')
  assert.equal(event!.pid, peer.pid)
  assert.equal((await app.inspect.workers()).length, 1)
  await app.stop()
})

test('a listener that throws or rejects is logged, and harms neither the job nor the other listeners', async () => {
  const logged: string[] = []
  const log = (text: string) => void logged.push(text)
  const { app, add } = openApp({ database: freshDatabase(), logger: { debug: log, info: log, warn: log, error: log } })
  await using _ = app
  const heard: string[] = []
  app.on('task-succeeded', () => {
    throw new Error('thrown by a listener')
  })
  app.on('task-succeeded', (async () => {
    throw new Error('rejected by a listener')
  }) as () => void)
  app.on('task-succeeded', ({ id }) => void heard.push(id))
  await app.start()
  const handle = await add.delay(1, 2)
  assert.equal(await resultOf(handle), 3)
  await until(() => heard.includes(handle.id) && logged.length >= 2, 'the listeners')
  assert.match(logged[0]!, /a listener of "task-succeeded" failed: Error: thrown by a listener/)
  assert.match(logged[1]!, /rejected by a listener/)
  await app.stop()
})

test('off() ends it', async () => {
  const { app, add } = openApp({ database: freshDatabase() })
  await using _ = app
  const heard: string[] = []
  const listener = ({ id }: { id: string }) => void heard.push(id)
  const kept: string[] = []
  app.on('task-succeeded', listener).on('task-succeeded', ({ id }) => void kept.push(id))
  await app.start()
  const first = await add.delay(1, 2)
  await resultOf(first)
  await until(() => kept.length === 1, 'the first event')
  app.off('task-succeeded', listener)
  const second = await add.delay(1, 2)
  await resultOf(second)
  await until(() => kept.length === 2, 'the second event')
  assert.deepEqual([heard, kept], [[first.id], [first.id, second.id]])
  await app.stop()
})
