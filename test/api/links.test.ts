/** link and linkError: what follows a job is stored in the transaction that ends it. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import Database from 'better-sqlite3'
import { type AsyncResult, type EventMap, type JobInfo, Signature } from 'celeriac'
import { failureOf, resultOf } from '../fixtures/calls.ts'
import { freshDatabase } from '../fixtures/folder.ts'
import { Journal } from '../fixtures/journal.ts'
import { openLinked } from '../fixtures/link-tasks.ts'
import { until } from '../fixtures/until.ts'

describe('a linked job', () => {
  const database = freshDatabase()
  const opened = openLinked({ database })
  const {
    app,
    add,
    commits,
    dies,
    fails,
    hold,
    keyed,
    linksInside,
    map,
    note,
    nothing,
    once,
    quiet,
    seen,
    shows,
    spins,
  } = opened
  const sent: EventMap['task-sent'][] = []
  before(() => app.start())
  after(() => app.stop())
  app.on('task-sent', (event) => sent.push(event))

  /** Jobs that a job's end has stored, once they have ended. */
  async function following(parent: AsyncResult<unknown>, count = 1): Promise<JobInfo[]> {
    return until(async () => {
      const { jobs } = await app.inspect.jobs({ parent: parent.id })
      const ended = jobs.filter(({ finishedAt }) => finishedAt !== null)
      return ended.length === count && ended
    }, `${count} jobs after ${parent.id}`)
  }
  const seenBy = (info: JobInfo): unknown => (info.result as { args: unknown[] }).args

  test('gets the result before its own arguments, and its family', async () => {
    const first = await add.applyAsync([2, 3], { link: seen.s('more', { a: [1] }) })
    const [child] = await following(first)
    assert.deepEqual(child!.result, { args: [5, 'more', { a: [1] }], parentId: first.id, rootId: first.id })
    assert.deepEqual([child!.parentId, child!.rootId], [first.id, first.id])
    await until(() => sent.some(({ id, task }) => id === child!.id && task === 'seen'), 'the event of its storing')
    const [bare] = await following(await add.applyAsync([1, 1], { link: seen.s() }))
    assert.deepEqual(seenBy(bare!), [2])
    const [none] = await following(await nothing.applyAsync([], { link: seen.s('x') }))
    assert.deepEqual(seenBy(none!), [null, 'x'])
    const [immutable] = await following(await add.applyAsync([1, 1], { link: seen.si('only') }))
    assert.deepEqual(seenBy(immutable!), ['only'])
  })

  test('may be one of several, be linked on, and have options of its own', async () => {
    const link = [
      seen.s('one'),
      seen.si('two').set({ queue: 'other', priority: 4, tags: ['t'], countdown: 200 }),
      add.s(10).set({ link: add.s(100).set({ link: seen.s('last') }) }),
    ]
    const first = await add.applyAsync([1, 2], { link })
    const children = await following(first, 3)
    const two = children.find(({ queue }) => queue === 'other')!
    assert.deepEqual([two.priority, two.tags, seenBy(two)], [4, ['t'], ['two']])
    assert.ok(two.startedAt!.getTime() >= (await first.info())!.finishedAt!.getTime() + 200)
    const second = children.find(({ task }) => task === 'add')!
    const [third] = await following(app.result(second.id))
    const [last] = await following(app.result(third!.id))
    assert.deepEqual([second.result, third!.result], [13, 113])
    assert.deepEqual(last!.result, { args: [113, 'last'], parentId: third!.id, rootId: first.id })
  })

  test('of linkError gets the id and the error, once the job has failed for good', async () => {
    const journal = new Journal()
    const first = await fails.applyAsync(['broken'], {
      link: note.si(journal.path, 'never'),
      linkError: seen.s('more'),
    })
    const [child] = await following(first)
    const [id, error, more] = seenBy(child!) as [string, Error & { code: string }, string]
    assert.deepEqual(
      [id, error.name, error.message, error.code, more],
      [first.id, 'RangeError', 'broken', 'E_TEST', 'more'],
    )
    assert.equal((await first.info())?.attempts.length, 2)
    const [quietly] = await following(await fails.applyAsync(['x'], { linkError: [note.si(journal.path, 'failed')] }))
    assert.equal(quietly!.task, 'note')
    const fine = await add.applyAsync([1, 1], { linkError: note.si(journal.path, 'never') })
    await resultOf(fine)
    const revoked = await hold.applyAsync([journal.path], {
      countdown: '1h',
      linkError: note.si(journal.path, 'never'),
    })
    await revoked.revoke()
    const expired = await add.applyAsync([1, 1], { expires: 0, linkError: note.si(journal.path, 'never') })
    await failureOf(expired)
    await resultOf(await note.delay(journal.path, 'after'))
    assert.deepEqual(journal.lines(), ['"failed"', '"after"'])
  })

  test('of linkError follows a hard time limit, and a death', async () => {
    const [limited] = await following(await spins.applyAsync([], { linkError: seen.s() }))
    assert.equal((seenBy(limited!) as [string, Error])[1].name, 'TimeLimitExceeded')
    const journal = new Journal()
    journal.open()
    const dying = await dies.applyAsync([journal.path], { linkError: seen.s() })
    const [died] = await following(dying)
    const [id, error] = seenBy(died!) as [string, Error]
    assert.deepEqual([id, error.name], [dying.id, 'WorkerLost'])
  })

  test('takes what its codec can hold', async () => {
    const [kept] = await following(await map.applyAsync(['k'], { link: shows.s(new Set([1])) }))
    assert.deepEqual(kept!.result, [new Map([['k', new Date(0)]]), new Set([1])])
    const [widened] = await following(await add.applyAsync([1, 1], { link: shows.s(2n) }))
    assert.deepEqual(widened!.result, [2, 2n])
    const [nothingMuch] = await following(await nothing.applyAsync([], { link: shows.s() }))
    assert.deepEqual(nothingMuch!.result, [undefined])
    await assert.rejects(map.applyAsync(['k'], { link: seen.s() }), {
      code: 'INVALID_OPTION',
      message: /map\.applyAsync\(\): link: "seen" takes strict JSON and the result before it is of codec 'v8'/,
    })
    const [immutable] = await following(await map.applyAsync(['k'], { link: seen.si(1) }))
    assert.deepEqual(seenBy(immutable!), [1])
  })

  test('gets a result that is not kept', async () => {
    const first = await quiet.applyAsync([41], { link: seen.s() })
    assert.equal(await resultOf(first), undefined)
    const [child] = await following(first)
    assert.deepEqual(seenBy(child!), [42])
    assert.equal((await first.info())?.result, undefined)
  })

  test('follows in every form of call', async () => {
    const journal = new Journal()
    const many = await add.delayMany(
      [
        [1, 1],
        [2, 2],
      ],
      { link: seen.s() },
    )
    assert.deepEqual(seenBy((await following(many[0]!))[0]!), [2])
    assert.deepEqual(seenBy((await following(many[1]!))[0]!), [4])
    const db = new Database(database)
    const inside = db.transaction(() => add.within(db).applyAsync([3, 3], { link: seen.s() })).immediate()
    db.close()
    assert.deepEqual(seenBy((await following(inside))[0]!), [6])
    await resultOf(await linksInside.delay(journal.path))
    await journal.has('"linked in a task"')
    await app.schedules.set('linked', { cron: '@yearly', run: add.s(4, 4).set({ link: seen.s() }) })
    const slot = await app.schedules.trigger('linked')
    assert.deepEqual(seenBy((await following(slot))[0]!), [8])
  })

  test('follows a job that its own transaction ended', async () => {
    const db = new Database(database)
    db.exec('CREATE TABLE effects (name TEXT)')
    const first = await commits.applyAsync(['four'], { link: seen.s('x') })
    const [child] = await following(first)
    assert.deepEqual(seenBy(child!), [4, 'x'])
    assert.deepEqual(db.prepare('SELECT name FROM effects').pluck().all(), ['four'])
    await until(() => sent.some(({ id, task }) => id === child!.id && task === 'seen'), 'its event')
    db.close()
  })

  test('is unique where its task is, by what it is given in the end', async () => {
    const journal = new Journal()
    const later = once.s(journal.path).set({ countdown: '1h' })
    const parents = await add.delayMany(
      [
        [1, 2],
        [2, 1],
        [2, 2],
      ],
      { link: later },
    )
    await Promise.all(parents.map(resultOf))
    const children = (await Promise.all(parents.map(({ id }) => app.inspect.jobs({ parent: id })))).map(
      ({ jobs }) => jobs.length,
    )
    assert.deepEqual([children[0]! + children[1]!, children[2]], [1, 1])
    await assert.rejects(add.applyAsync([1, 1], { link: keyed.s() }), {
      code: 'INVALID_OPTION',
      message: /a key function of "keyed" needs all arguments/,
    })
    const [byText] = await following(await add.applyAsync([1, 1], { link: keyed.s().set({ unique: { key: 'k' } }) }))
    const [bySelf] = await following(await add.applyAsync([1, 1], { link: keyed.si(9) }))
    assert.deepEqual([byText!.result, bySelf!.result], [2, 9])
    const named = { link: seen.si('named').set({ taskId: 'named' }) }
    await Promise.all([await add.applyAsync([1, 1], named), await add.applyAsync([1, 1], named)].map(resultOf))
    assert.deepEqual((await resultOf(app.result<{ args: unknown[] }>('named'))).args, ['named'])
  })

  test('is checked where it is asked for', async () => {
    const cases: [link: unknown, message: RegExp][] = [
      ['seen', /link is 'seen'|link is "seen"/],
      [[seen.s(), 7], /link is 7 — allowed: a signature/],
      [new Signature('unheard of', []), /link runs "unheard of", which app "celeriac" does not declare/],
      [seen.s().set({ countdown: 'soon' }), /seen\.applyAsync\(\): countdown/],
    ]
    for (const [link, message] of cases) {
      await assert.rejects(add.applyAsync([1, 1], { link } as never), { code: 'INVALID_OPTION', message })
    }
    await assert.rejects(add.applyAsync([1, 1], { linkError: seen.s(new Date()) }), { code: 'INVALID_PAYLOAD' })
  })
})
