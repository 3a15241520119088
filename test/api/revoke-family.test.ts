/** Revoking a job takes along what it enqueued and what still waits. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { EventMap } from 'celeriac'
import { resultOf } from '../fixtures/calls.ts'
import { openFamily } from '../fixtures/family-tasks.ts'
import { freshDatabase } from '../fixtures/folder.ts'
import { Journal } from '../fixtures/journal.ts'
import { until } from '../fixtures/until.ts'

/** Words of the line that begins with this one. */
async function words(journal: Journal, first: string): Promise<string[]> {
  const line = await until(() => journal.lines().find((one) => one.startsWith(`${first} `)), `the line "${first} …"`)
  return line.split(' ').slice(1)
}

describe('revoking a job that enqueued others', () => {
  const queues = { one: { concurrency: 1 } }
  const { app, brief, ends, fails, hold, late, nest, split } = openFamily({ database: freshDatabase(), queues })
  const revoked: EventMap['task-revoked'][] = []
  app.on('task-revoked', (event) => revoked.push(event))
  before(() => app.start())
  after(() => app.stop())

  test('ends those that wait, however deep, and tells who waits for them', async () => {
    const journal = new Journal()
    const top = await nest.delay(journal.path, 3)
    await until(() => journal.lines().length === 4, 'all of the family')
    const family = journal.lines().map((line) => app.result(line.split(' ').at(-1)!))
    for (const handle of family) await until(async () => (await handle.state()) === 'RETRY', 'the retry')
    const ended = family.map((handle) => assert.rejects(resultOf(handle), { code: 'TASK_REVOKED' }))
    assert.equal(await top.revoke({ reason: 'enough' }), 'REVOKED')
    await Promise.all(ended)
    for (const handle of family) {
      const { id, parentId, revokeReason } = (await handle.info())!
      assert.equal(
        revokeReason,
        id === top.id ? 'enough' : `job ${top.id} was revoked, and this one was enqueued by it`,
      )
      assert.equal(parentId === null, id === top.id)
    }
    await until(() => revoked.length >= 4, 'the events')
    assert.deepEqual(new Set(revoked.map(({ id }) => id)), new Set(family.map(({ id }) => id)))
  })

  test('lets those that run go on, with what they enqueued', async () => {
    const journal = new Journal()
    const top = await split.delay(journal.path)
    const [running, waiting] = (await words(journal, 'split')).map((id) => app.result(id))
    const [, below] = await words(journal, 'running')
    await until(async () => (await top.state()) === 'SCHEDULED', 'the snooze')
    assert.equal(await top.revoke(), 'REVOKED')
    assert.equal(await waiting!.state(), 'REVOKED')
    journal.open()
    assert.equal(await resultOf(running!), 'running')
    assert.equal(await app.result(below!).state(), 'SCHEDULED')
  })

  test('while it runs, ends what it enqueued before it was told and after', async () => {
    const journal = new Journal()
    const top = await late.delay(journal.path)
    const [first] = await words(journal, 'before')
    assert.equal(await top.revoke(), 'STARTED')
    assert.equal(await app.result(first!).state(), 'REVOKED')
    await assert.rejects(resultOf(top), { code: 'TASK_REVOKED' })
    const [second] = await words(journal, 'after')
    assert.equal(await app.result(second!).state(), 'REVOKED')
  })

  test('leaves what it enqueued alone when it has ended', async () => {
    const journal = new Journal()
    const top = await ends.delay(journal.path)
    const child = await resultOf(top)
    assert.equal(await top.revoke(), 'SUCCESS')
    assert.equal(await app.result(child).state(), 'SCHEDULED')
  })

  test('ends a job in its thread’s line before it begins, or lets it run, and says which', async () => {
    const journal = new Journal()
    const lines = Array.from({ length: 400 }, (_, i) => `${i}`)
    // Known to be shorter than they then are, so that long lines of them lie in the threads for long.
    await Promise.all((await brief.delayMany(lines.map((line) => [journal.path, line, 0]))).map(resultOf))
    const handles = await brief.delayMany(lines.map((line) => [journal.path, line, 2]))
    const told: (string | null)[] = []
    const toldAt: number[] = []
    const revoke = async (i: number): Promise<void> => {
      told[i] = await handles[i]!.revoke()
      toldAt[i] = Date.now()
    }
    // Some first: the lines would be shorter by the time that all are written.
    const all = [...handles.keys()]
    await Promise.all(all.filter((i) => i % 20 === 19).map(revoke))
    await Promise.all(all.filter((i) => i % 20 !== 19).map(revoke))
    const outcomes = await Promise.all(
      handles.map((handle) =>
        resultOf(handle).then(
          () => 'SUCCESS',
          () => 'REVOKED',
        ),
      ),
    )
    const ran = new Map<string, number>()
    for (const line of journal.lines().slice(lines.length)) ran.set(line, (ran.get(line) ?? 0) + 1)
    for (const [i, outcome] of outcomes.entries()) {
      assert.equal(ran.get(lines[i]!) ?? 0, outcome === 'SUCCESS' ? 1 : 0, `job ${i}: ${outcome}`)
      if (told[i] === 'REVOKED') assert.equal(outcome, 'REVOKED')
    }
    const begunAt = await Promise.all(handles.map(async (handle) => (await handle.info())!.startedAt?.getTime() ?? 0))
    console.log(
      told
        .filter((_, i) => i % 20 === 19)
        .map((i) => i![0])
        .join(''),
      begunAt.flatMap((at, i) => (i % 20 === 19 && told[i] === 'STARTED' ? [at - toldAt[i]!] : [])).join(' '),
    )
    // Each thread may have been about to begin one.
    const unsaid = all.filter((i) => told[i] === 'STARTED' && (begunAt[i] === 0 || begunAt[i]! > toldAt[i]!))
    assert.ok(unsaid.length <= 4, `${unsaid.length} jobs were said to run that had not begun`)
    const unbegun = await Promise.all(
      handles.filter((_, i) => outcomes[i] === 'REVOKED').map((handle) => handle.info()),
    )
    for (const info of unbegun) assert.deepEqual([info!.attempt, info!.attempts.length], [0, 0])
  })

  test('expires bounds the wait for the first attempt only', async () => {
    const journal = new Journal()
    const handle = await fails.applyAsync([2], { queue: 'one', expires: 500 })
    await until(async () => (await handle.state()) === 'RETRY', 'the first failure')
    const holding = await hold.applyAsync([journal.path, 'holding'], { queue: 'one' })
    const { expires } = (await handle.info())!
    await until(async () => (await handle.state()) === 'PENDING' && Date.now() > expires!.getTime() + 200, 'its expiry')
    journal.open()
    await resultOf(holding)
    assert.equal(await resultOf(handle), 2)
  })
})
