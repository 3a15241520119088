/** inspect.jobs: jobs by filter, through the public API. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseJobFilter } from 'celeriac'
import { resultOf } from '../fixtures/calls.ts'
import { freshDatabase } from '../fixtures/folder.ts'
import { openApp } from '../fixtures/tasks.ts'
import { until } from '../fixtures/until.ts'

test('jobs are found by state, task, queue, tag, error and time, page by page', async () => {
  const { app, add, fail, enqueueAnother, whoAmI } = openApp({ database: freshDatabase() })
  await using _ = app
  await app.start()
  const failed = await fail.applyAsync(['the printer timed out'], { tags: ['paper'], queue: 'office' })
  await until(() => failed.ready(), 'the failure')
  const sums = await add.delayMany(Array.from({ length: 7 }, (_, i) => [i, i] as [number, number]))
  for (const sum of sums) await resultOf(sum)
  const parent = await enqueueAnother.delay()
  const child = await resultOf(parent)
  await resultOf(app.result(child))
  const later = await whoAmI.applyAsync([], { countdown: '1h' })

  const ids = async (text: string) => (await app.inspect.jobs(parseJobFilter(text))).jobs.map(({ id }) => id)
  for (const text of [
    'state:failure',
    'queue:office',
    'tag:paper',
    'error:"TIMED out"',
    'task:fa*',
    'state:failure,expired since:1h',
  ])
    assert.deepEqual(await ids(text), [failed.id], text)
  assert.deepEqual(await ids('task:who*'), [later.id, child])
  assert.deepEqual(await ids('state:scheduled'), [later.id])
  assert.deepEqual(await ids(`parent:${parent.id}`), [child])
  assert.deepEqual(await ids(`root:${parent.id}`), [child, parent.id])
  assert.deepEqual(await ids('until:1h'), [])

  const seen: string[] = []
  let after: number | null = null
  do {
    const page = await app.inspect.jobs({ task: 'add' }, { limit: 3, after })
    assert.ok(page.jobs.length <= 3)
    seen.push(...page.jobs.map(({ id }) => id))
    after = page.next
  } while (after !== null)
  assert.deepEqual(seen, sums.map(({ id }) => id).reverse())
  const [first] = (await app.inspect.jobs({}, { limit: 1 })).jobs
  assert.equal(first?.id, later.id)

  await assert.rejects(app.inspect.jobs({ stat: 'FAILURE' } as never), { code: 'INVALID_OPTION' })
  await assert.rejects(app.inspect.jobs({}, { limit: 0 }), { code: 'INVALID_OPTION' })
})

test('a page of heavy jobs ends early', async () => {
  const { app, echo } = openApp({ database: freshDatabase() })
  await using _ = app
  const heavy = 'x'.repeat(900_000)
  const handles = await echo.delayMany(Array.from({ length: 6 }, () => [heavy] as [string]))
  const first = await app.inspect.jobs()
  assert.equal(first.jobs.length, 4)
  const second = await app.inspect.jobs({}, { after: first.next })
  assert.deepEqual(
    [...first.jobs, ...second.jobs].map(({ id }) => id),
    handles.map(({ id }) => id).reverse(),
  )
  assert.equal(second.next, null)
})
