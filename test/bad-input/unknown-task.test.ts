/** A task that nobody declares: its jobs wait, visibly, and hold nothing up. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Celeriac } from 'celeriac'
import { resultOf } from '../fixtures/calls.ts'
import { freshDatabase } from '../fixtures/folder.ts'
import { openApp } from '../fixtures/tasks.ts'

test('jobs of an unknown task wait, say why, and let others by; who knows the task runs them', async () => {
  const database = freshDatabase()
  const newer = new Celeriac({ database })
  const unheardOf = newer.task('main', (value: unknown) => value)
  const strange = newer.task('unheard of', (value: unknown) => value)
  const jobs = await strange.delayMany(
    Array.from({ length: 300 }, (_, i) => [i]),
    { priority: 9 },
  )
  const known = await unheardOf.delay('known')
  await newer.stop()

  const { app, add } = openApp({ database })
  await using _ = app
  await app.start()
  assert.equal((await resultOf(app.result<{ value: string }>(known.id))).value, 'known')
  assert.equal(await resultOf(await add.delay(1, 2)), 3)
  const first = app.result(jobs[0]!.id)
  assert.equal(await first.state(), 'PENDING')
  assert.equal(
    await app.inspect.explain(first.id),
    'has no handler: none of the 1 live processes declares a task "unheard of"',
  )
  const [queue] = await app.inspect.queues()
  assert.deepEqual([queue!.waiting, queue!.noHandler], [300, 300])
  for (let i = 0; i < 20; i++) assert.equal(await resultOf(await add.delay(i, 1)), i + 1)

  const knows = new Celeriac({ database })
  await using __ = knows
  knows.task('unheard of', { runIn: 'main' }, (value: unknown) => value)
  await knows.start()
  for (const [i, { id }] of jobs.entries()) assert.equal(await resultOf(app.result(id)), i)
})
