/** Unique jobs: one of a key at a time, and what a second call gets. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import Database from 'better-sqlite3'
import { DuplicateJob, type EventMap } from 'celeriac'
import { failureOf, resultOf } from '../fixtures/calls.ts'
import { freshDatabase } from '../fixtures/folder.ts'
import { Journal } from '../fixtures/journal.ts'
import { openOnce } from '../fixtures/once-tasks.ts'
import { openApp } from '../fixtures/tasks.ts'
import { until } from '../fixtures/until.ts'

describe('a unique job', () => {
  const database = freshDatabase()
  const opened = openOnce({ database })
  const { app, same, begun, again, byUser, latest, strict, seldom, note, kept, asksThrice } = opened
  before(() => app.start())
  after(() => app.stop())

  test('is stored once while it waits or runs, and again when it has ended', async () => {
    const journal = new Journal()
    const first = await same.delay(journal.path, 'a')
    const second = await same.delay(journal.path, 'a')
    await journal.has('a began')
    const third = await same.delay(journal.path, 'a')
    const other = await same.delay(journal.path, 'b')
    assert.deepEqual([first.duplicate, second.duplicate, third.duplicate, other.duplicate], [false, true, true, false])
    assert.deepEqual([second.id, third.id], [first.id, first.id])
    assert.notEqual(other.id, first.id)
    const [own, others] = [await first.info(), await other.info()]
    assert.match(own?.uniqueKey ?? '', /^arguments \S{43}$/)
    assert.notEqual(own?.uniqueKey, others?.uniqueKey)
    journal.open()
    assert.deepEqual([await resultOf(third), await resultOf(other)], ['a', 'b'])
    const next = await same.delay(journal.path, 'a')
    assert.equal(next.duplicate, false)
    await resultOf(next)
    assert.equal(journal.lines().filter((line) => line === 'a began').length, 2)
  })

  test('is one of many calls in flight', async () => {
    const journal = new Journal()
    const handles = await Promise.all(Array.from({ length: 200 }, (_, i) => same.delay(journal.path, `${i % 10}`)))
    assert.equal(new Set(handles.map(({ id }) => id)).size, 10)
    assert.equal(handles.filter(({ duplicate }) => !duplicate).length, 10)
    journal.open()
    for (const [i, handle] of handles.entries()) assert.equal(await resultOf(handle), `${i % 10}`)
  })

  test('frees its key however it ends', async () => {
    const journal = new Journal()
    const options = { unique: { key: 'ends' } }
    const ends = [
      await opened.app.result((await note.applyAsync([journal.path, 'x'], { ...options, countdown: '1h' })).id),
      await note.applyAsync([journal.path, 'x'], { ...options, countdown: '1h' }),
    ]
    assert.equal(ends[1]!.id, ends[0]!.id)
    assert.equal((await ends[0]!.info())?.uniqueKey, 'ends')
    assert.equal(await ends[0]!.revoke(), 'REVOKED')
    const expiring = await note.applyAsync([journal.path, 'y'], { ...options, expires: 0 })
    assert.equal(expiring.duplicate, false)
    await assert.rejects(resultOf(expiring), { code: 'TASK_EXPIRED' })
    const failing = await note.applyAsync(['/no such folder/journal', 'z'], options)
    assert.equal(failing.duplicate, false)
    await failureOf(failing)
    assert.equal((await note.applyAsync([journal.path, 'w'], options)).duplicate, false)
  })

  test('with until started frees its key as it begins, and does not ask for it back', async () => {
    const journal = new Journal()
    const first = await begun.delay(journal.path, 'one')
    await journal.has('one began')
    const second = await begun.applyAsync([journal.path, 'two'], { countdown: '1h' })
    const third = await begun.delay(journal.path, 'three')
    assert.deepEqual([second.duplicate, third.duplicate, third.id], [false, true, second.id])
    journal.open()
    assert.equal(await resultOf(first), 'one')
    await second.revoke()

    const retried = new Journal()
    const running = await again.delay(retried.path)
    await retried.has('again began')
    const waiting = await again.applyAsync([retried.path], { countdown: '1h' })
    assert.equal(waiting.duplicate, false)
    retried.open()
    await until(async () => (await running.state()) === 'RETRY', 'the retry')
    assert.equal((await again.delay(retried.path)).id, waiting.id)
  })

  test('takes its key from a function of the arguments, from the call, and from its own task only', async () => {
    const journal = new Journal()
    const later = { countdown: '1h' }
    const ada = await byUser.applyAsync([journal.path, { id: 1, name: 'Ada' } as never], later)
    const renamed = await byUser.applyAsync([journal.path, { id: 1, name: 'Lovelace' } as never], later)
    const bob = await byUser.applyAsync([journal.path, { id: 2 } as never], later)
    assert.deepEqual([renamed.id, renamed.duplicate, bob.duplicate], [ada.id, true, false])
    const elsewhere = await note.applyAsync([journal.path, 'x'], { ...later, unique: { key: 'user 1' } })
    assert.equal(elsewhere.duplicate, false, 'keys are the task’s own')
    const byCall = await byUser.applyAsync([journal.path, { id: 9 } as never], { ...later, unique: { key: 'user 1' } })
    assert.equal(byCall.id, ada.id)
    const key = (_journal: string, line: string) => `line ${line}`
    const handles = await note.delayMany(
      ['a', 'b', 'a'].map((line): [string, string] => [journal.path, line]),
      { ...later, unique: { key } },
    )
    assert.deepEqual(
      handles.map(({ duplicate }) => duplicate),
      [false, false, true],
    )
    assert.equal(handles[2]!.id, handles[0]!.id)
    const off = await byUser.applyAsync([journal.path, { id: 1 } as never], { ...later, unique: false })
    assert.deepEqual([off.duplicate, (await off.info())?.state], [false, 'SCHEDULED'])
    const set = await kept.applyAsync([new Set([1])], later)
    assert.equal((await kept.applyAsync([new Set([1])], later)).id, set.id)
    assert.equal((await kept.applyAsync([new Set([2])], later)).duplicate, false)
  })

  test('within a time is stored once even if it has ended, unless it never ran', async () => {
    const journal = new Journal()
    const revoked = await seldom.applyAsync([journal.path, 'revoked'], { countdown: '1h' })
    assert.equal((await seldom.delay(journal.path, 'x')).id, revoked.id)
    await revoked.revoke()
    const first = await seldom.delay(journal.path, 'first')
    assert.equal(first.duplicate, false)
    await resultOf(first)
    const second = await seldom.delay(journal.path, 'second')
    assert.deepEqual([second.id, second.duplicate], [first.id, true])
    assert.equal(await resultOf(second), undefined)
    const brief = { unique: { key: 'brief', within: 400 } }
    const [one, same] = await Promise.all([0, 1].map(() => note.applyAsync([journal.path, 'brief'], brief)))
    assert.equal(same!.id, one!.id)
    await resultOf(one!)
    const next = await until(async () => {
      const handle = await note.applyAsync([journal.path, 'brief'], brief)
      return !handle.duplicate && handle
    }, 'the window to close')
    const [from, to] = [(await one!.info())!, (await next.info())!].map(({ enqueuedAt }) => enqueuedAt.getTime())
    assert.ok(to! - from! >= 400, `${to! - from!} ms later`)
    await resultOf(next)
    assert.deepEqual(journal.lines(), ['first', 'brief', 'brief'])
  })

  test('replaces one that waits, which is revoked, and lets one that runs go on', async () => {
    const journal = new Journal()
    const revoked: EventMap['task-revoked'][] = []
    app.on('task-revoked', (event) => revoked.push(event))
    const old = await latest.applyAsync([journal.path, 'old'], { countdown: '1h' })
    const end = assert.rejects(resultOf(old), { code: 'TASK_REVOKED' })
    const running = await latest.delay(journal.path, 'running')
    assert.deepEqual([running.duplicate, running.id === old.id], [false, false])
    await end
    const info = (await old.info())!
    assert.deepEqual([info.state, info.revokeReason], ['REVOKED', `replaced by ${running.id}`])
    await journal.has('running began')
    const next = await latest.applyAsync([journal.path, 'next'], { countdown: '1h' })
    const last = await latest.delay(journal.path, 'last')
    assert.equal(await next.state(), 'REVOKED')
    journal.open()
    assert.deepEqual([await resultOf(running), await resultOf(last)], ['running', 'last'])
    await until(() => revoked.length >= 2, 'both events')
    assert.deepEqual(
      revoked.map(({ id }) => id),
      [old.id, next.id],
    )
    const windowed = { unique: { within: '1h', onConflict: 'replace' as const, key: 'w' } }
    const waiting = await latest.applyAsync([journal.path, 'w1'], { ...windowed, countdown: '1h' })
    const replacing = await latest.applyAsync([journal.path, 'w2'], windowed)
    assert.deepEqual([await waiting.state(), await resultOf(replacing)], ['REVOKED', 'w2'])
    assert.equal((await latest.applyAsync([journal.path, 'w3'], windowed)).id, replacing.id, 'what ran counts')
  })

  test('replaces what waits for the one that runs, where a concurrency key keeps them apart', async () => {
    const journal = new Journal()
    const options = { unique: { key: 'apart' }, concurrencyKey: 'apart' }
    const first = await latest.applyAsync([journal.path, 'first'], options)
    await journal.has('first began')
    const second = await latest.applyAsync([journal.path, 'second'], options)
    assert.equal(await second.state(), 'BLOCKED')
    const third = await latest.applyAsync([journal.path, 'third'], options)
    assert.deepEqual([await second.state(), await third.state()], ['REVOKED', 'BLOCKED'])
    journal.open()
    assert.deepEqual([await resultOf(first), await resultOf(third)], ['first', 'third'])
    assert.deepEqual(journal.lines(), ['first began', 'first ended', 'third began', 'third ended'])
  })

  test('within a time counts even when it has been pruned', async () => {
    const file = freshDatabase()
    const { app: one, seldom: task } = openOnce({ database: file })
    await using _ = one
    await one.start()
    const journal = new Journal()
    const handle = await task.delay(journal.path, 'once')
    await resultOf(handle)
    const db = new Database(file)
    db.prepare('DELETE FROM celeriac_jobs').run()
    db.close()
    const again = await task.delay(journal.path, 'twice')
    assert.deepEqual([again.id, again.duplicate, await again.exists()], [handle.id, true, false])
  })

  test('with onConflict error is refused with the id of the one that is there', async () => {
    const journal = new Journal()
    const first = await strict.applyAsync([journal.path, 'a'], { countdown: '1h' })
    await assert.rejects(strict.delay(journal.path, 'a'), (error: DuplicateJob) => {
      assert.ok(error instanceof DuplicateJob)
      assert.deepEqual([error.code, error.taskId], ['DUPLICATE_JOB', first.id])
      assert.match(error.message, new RegExp(`task "strict" with the same key .*${first.id}`))
      return true
    })
    const before = (await app.inspect.stats()).states
    const lines = (...all: string[]) => all.map((line): [string, string] => [journal.path, line])
    await assert.rejects(strict.delayMany(lines('b', 'a', 'c')), { code: 'DUPLICATE_JOB', taskId: first.id })
    await assert.rejects(strict.delayMany(lines('b', 'b')), { code: 'DUPLICATE_JOB' })
    assert.deepEqual((await app.inspect.stats()).states, before, 'nothing of such a call is stored')
    const together = await Promise.allSettled(['d', 'd', 'e', 'd'].map((line) => strict.delay(journal.path, line)))
    assert.deepEqual(
      together.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled', 'rejected'],
    )
    journal.open()
    for (const one of together) if (one.status === 'fulfilled') await resultOf(one.value)
    assert.equal((await strict.delay(journal.path, 'd')).duplicate, false)
  })

  test('is unique for tasks that enqueue it too', async () => {
    const journal = new Journal()
    journal.open()
    const seen = await resultOf(await asksThrice.delay(journal.path))
    assert.deepEqual(seen.duplicates[0], false)
    if (seen.duplicates[1]) assert.equal(seen.ids[0], seen.ids[1])
    const held = new Journal()
    const outer = await same.delay(held.path, 'inner')
    const inner = await resultOf(await asksThrice.delay(held.path))
    assert.deepEqual(
      [inner.ids, inner.duplicates],
      [
        [outer.id, outer.id],
        [true, true],
      ],
    )
    held.open()
    await resultOf(outer)
  })

  test('is unique within a transaction of the application', async () => {
    const journal = new Journal()
    const later = { countdown: '1h' }
    const db = new Database(database)
    const there = await same.applyAsync([journal.path, 'db'], later)
    assert.equal(same.within(db).applyAsync([journal.path, 'db'], later).id, there.id, 'outside of a transaction')
    db.exec('BEGIN IMMEDIATE')
    const lost = same.within(db).applyAsync([journal.path, 'rolled back'], later)
    const twice = same.within(db).delayMany([[journal.path, 'rolled back']], later)
    assert.deepEqual([lost.duplicate, twice[0]!.duplicate, twice[0]!.id], [false, true, lost.id])
    db.exec('ROLLBACK')
    const stored = same.within(db).applyAsync([journal.path, 'rolled back'], later)
    assert.equal(stored.duplicate, false)
    assert.equal((await same.delay(journal.path, 'rolled back')).id, stored.id)
    strict.within(db).applyAsync([journal.path, 'db'], later)
    assert.throws(() => strict.within(db).delay(journal.path, 'db'), { code: 'DUPLICATE_JOB' })
    const old = latest.within(db).applyAsync([journal.path, 'db'], later)
    const end = assert.rejects(resultOf(old), { code: 'TASK_REVOKED' })
    latest.within(db).applyAsync([journal.path, 'db 2'], later)
    await end
    db.close()
  })

  test('of a schedule is stored once, and its slot says so', async () => {
    const journal = new Journal()
    await app.schedules.set('unique', { cron: '@yearly', run: same.s(journal.path, 'slot') })
    const first = await app.schedules.trigger('unique')
    const second = await app.schedules.trigger('unique')
    assert.deepEqual([first.duplicate, second.duplicate, second.id], [false, true, first.id])
    await journal.has('slot began')
    await app.schedules.set('often', { every: '1s', overlap: 'allow', run: same.s(journal.path, 'slot') })
    const [slot] = await until(async () => {
      const ledger = await app.schedules.ledger('often')
      return ledger.length > 0 && ledger
    }, 'a slot')
    assert.deepEqual([slot!.outcome, slot!.jobId], ['coalesced', first.id])
    await app.schedules.remove('often')
    journal.open()
    await resultOf(first)
  })

  test('keeps its key over a restart', async () => {
    const file = freshDatabase()
    const journal = new Journal()
    const { app: one, same: before } = openOnce({ database: file })
    const stored = await before.delay(journal.path, 'kept')
    await one.stop()
    const { app: two, same: later } = openOnce({ database: file })
    await using _ = two
    assert.equal((await later.delay(journal.path, 'kept')).id, stored.id)
  })
})

test('taskId is told to be a duplicate to the second of two calls that the engine stores together', async () => {
  const database = freshDatabase()
  const { app, add } = openApp({ database })
  await using _ = app
  await add.delay(0, 0)
  const db = new Database(database)
  db.exec('BEGIN IMMEDIATE')
  const calls = [add.applyAsync([1, 1], { taskId: 'one' })]
  await turn()
  calls.push(add.applyAsync([2, 2], { taskId: 'one' }))
  await turn()
  db.exec('COMMIT')
  db.close()
  const handles = await Promise.all(calls)
  assert.deepEqual(
    handles.map(({ id, duplicate }) => [id, duplicate]),
    [
      ['one', false],
      ['one', true],
    ],
  )
})

describe('options that say what may be stored', () => {
  const { app, note, broken } = openOnce({ database: freshDatabase() })
  after(() => app.stop())
  const key = 'k'

  for (const [options, message] of [
    [{ unique: { key: '' } }, /unique\.key is ''|unique\.key is ""/],
    [{ unique: { key: 7 } }, /unique\.key is 7/],
    [{ unique: { kee: 'x' } }, /has no option "kee" — did you mean "key"/],
    [{ unique: { until: 'ended' } }, /unique\.until is .*'started' or 'finished'/],
    [{ unique: { onConflict: 'ignore' } }, /unique\.onConflict is/],
    [{ unique: { within: 'soon' } }, /unique\.within/],
    [{ unique: true, throttle: { every: 1 } }, /both unique and throttle/],
    [{ debounce: { key, delay: 1 }, throttle: { every: 1 } }, /both debounce and throttle/],
    [{ debounce: { delay: 1 } }, /debounce\.key is undefined/],
    [{ debounce: { key } }, /debounce\.delay is undefined/],
    [
      { debounce: { key, delay: 10, maxWait: 9 } },
      /debounce\.maxWait is 9 — allowed: a duration no shorter than delay/,
    ],
    [{ debounce: { key, delay: 10 }, countdown: 5 }, /countdown, eta and taskId do not go with debounce/],
    [{ debounce: { key, delay: 10 }, taskId: 'x' }, /countdown, eta and taskId do not go with debounce/],
    [{ throttle: {} }, /throttle\.every is undefined/],
  ] as const) {
    test(`are refused: ${JSON.stringify(options)}`, async () => {
      await assert.rejects(note.applyAsync(['x', 'y'], options as never), { code: 'INVALID_OPTION', message })
    })
  }

  test('a key function that returns no text is refused where it is called', async () => {
    await assert.rejects(broken.delay(), {
      code: 'INVALID_OPTION',
      message: /task "broken": the result of its key function is 7/,
    })
  })
})
