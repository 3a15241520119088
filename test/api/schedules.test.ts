/** Schedules: they fire, once a slot, and can be looked at, paused, triggered, changed and removed. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { AsyncResult } from 'celeriac'
import { resultOf } from '../fixtures/calls.ts'
import { freshDatabase } from '../fixtures/folder.ts'
import { Journal } from '../fixtures/journal.ts'
import { type Identity, openApp } from '../fixtures/tasks.ts'
import { until } from '../fixtures/until.ts'

const opened = () => openApp({ database: freshDatabase() })

describe('a schedule', () => {
  test('with `at` fires once, and tells the job its nominal time', async () => {
    const { app, whoAmI } = opened()
    await using _ = app
    const at = Date.now() + 1_000
    app.schedule('once', { at, run: whoAmI.s('scheduled').set({ queue: 'beat', tags: ['s'] }) })
    const fired: { schedule: string; slot: Date; id: string }[] = []
    app.on('schedule-fired', (event) => fired.push(event))
    await app.start()
    const before = (await app.schedules.get('once'))!
    assert.equal(Number(before.next ?? before.last), at)
    const [event] = await until(() => fired.length > 0 && fired, 'the slot')
    assert.deepEqual([event!.schedule, Number(event!.slot)], ['once', at])
    const handle = app.result<Identity>(event!.id)
    const seen = await resultOf(handle)
    assert.deepEqual([seen.scheduledFor, seen.args, seen.queue, seen.tags], [at, ['scheduled'], 'beat', ['s']])
    assert.ok(Number((await handle.info())?.startedAt) >= at)
    assert.equal((await handle.info())?.schedule, 'once')

    await app.stop()
    await app.start()
    const { next, last } = (await app.schedules.get('once'))!
    assert.deepEqual([next, Number(last)], [null, at])
    assert.deepEqual(await app.schedules.ledger('once'), [
      { slot: new Date(at), outcome: 'fired', jobId: event!.id, movedFrom: null, until: null, slots: 1 },
    ])
    await app.stop()
  })

  test('with `every` fires on its periods, with `cron` on its fields, each slot once', async () => {
    const { app, note } = opened()
    await using _ = app
    const journal = new Journal()
    app.schedule('period', { every: '1s', run: note.s(journal.path, 'period') })
    app.schedule('fields', { cron: '* * * * * *', run: note.s(journal.path, 'fields') })
    await app.start()
    await journal.has('period', 2)
    await journal.has('fields', 2)
    await app.stop()
    await app.start({ role: 'producer' })
    for (const name of ['period', 'fields']) {
      const ledger = (await app.schedules.ledger(name)).filter(({ outcome }) => outcome === 'fired')
      const slots = ledger.map(({ slot }) => Number(slot))
      assert.ok(slots.length >= 2)
      assert.deepEqual(
        slots,
        slots.toSorted((a, b) => b - a),
      )
      for (const slot of slots) assert.equal(slot % 1_000, 0)
      assert.equal(new Set(ledger.map(({ jobId }) => jobId)).size, slots.length)
      const infos = await Promise.all(ledger.map(async ({ jobId }) => (await app.result(jobId!).info())!))
      assert.deepEqual(
        infos.map((info) => Number(info.scheduledFor)),
        slots,
      )
    }
    await app.stop()
  })

  test('is paused, resumed, triggered and removed by name', async () => {
    const { app, whoAmI } = opened()
    await using _ = app
    app.schedule('often', { every: '1s', run: whoAmI.s(), paused: true })
    await app.start()
    const before = Date.now()
    assert.equal((await app.schedules.get('often'))?.paused, true)

    const triggered: AsyncResult<Identity> = await app.schedules.trigger('often')
    assert.equal((await triggered.info())?.schedule, 'often')
    assert.ok((await resultOf(triggered)).scheduledFor! >= before)

    await until(() => Date.now() > before + 1_200, 'a slot of the paused schedule to pass')
    assert.deepEqual(await app.schedules.ledger('often'), [])
    const resumed = Date.now()
    await app.schedules.resume('often')
    const ledger = await until(async () => {
      const rows = await app.schedules.ledger('often')
      return rows.length > 0 && rows
    }, 'a slot of the resumed schedule')
    for (const { slot } of ledger) assert.ok(Number(slot) >= resumed, 'no slot of the pause is made up for')

    await app.schedules.pause('often')
    assert.equal((await app.schedules.get('often'))?.paused, true)
    assert.equal(await app.schedules.remove('often'), true)
    assert.equal(await app.schedules.remove('often'), false)
    assert.equal(await app.schedules.get('often'), null)
    assert.ok((await app.schedules.ledger('often')).length > 0)
    for (const call of ['pause', 'resume', 'trigger'] as const)
      await assert.rejects(app.schedules[call]('often'), { name: 'UnknownSchedule', code: 'UNKNOWN_SCHEDULE' })
    await app.stop()
  })

  test('an unknown name fails its own call alone', async () => {
    const { app, add } = opened()
    await using _ = app
    await app.start()
    for (let round = 0; round < 20; round++) {
      const [paused, stored, state] = await Promise.allSettled([
        app.schedules.pause('nobody'),
        add.delay(round, 1),
        app.schedules.set('somebody', { every: '1h', run: add.s(1, 1) }),
      ])
      assert.equal((paused as PromiseRejectedResult).reason.code, 'UNKNOWN_SCHEDULE')
      assert.equal(stored.status, 'fulfilled')
      assert.equal(state.status, 'fulfilled')
    }
    assert.equal((await app.inspect.ping()).fault, null)
    await app.stop()
  })

  test('set() stores one that no code declares, and lists it beside the declared', async () => {
    const { app, add } = opened()
    await using _ = app
    app.schedule('declared', { cron: '0 6 * * *', timezone: 'Europe/Madrid', run: add.s(1, 1) })
    await app.start()
    await app.schedules.set('added', { every: '1h', misfire: 'skip', overlap: 'allow', run: add.s(2, 2) })
    const list = await app.schedules.list()
    assert.deepEqual(
      list.map(({ name, task, declared, paused, misfire, overlap }) => [
        name,
        task,
        declared,
        paused,
        misfire,
        overlap,
      ]),
      [
        ['added', 'add', false, false, 'skip', 'allow'],
        ['declared', 'add', true, false, 'once', 'queueOne'],
      ],
    )
    assert.deepEqual(list[1]!.spec, { kind: 'cron', expression: '0 6 * * *', timezone: 'Europe/Madrid' })
    await app.stop()
  })

  test('preview() gives the next slots of a declared schedule, or of any spec', () => {
    const { app, add } = opened()
    app.schedule('daily', { cron: '30 2 * * *', timezone: 'America/New_York', run: add.s(1, 1) })
    const [first, second] = app.schedules.preview('daily', 2)
    assert.ok(Number(first!.at) > Date.now())
    assert.ok(Math.abs(Number(second!.at) - Number(first!.at) - 86_400_000) <= 3_600_000)
    const once = Date.now() + 5_000
    assert.deepEqual(app.schedules.preview({ at: once, run: add.s(1, 1) }, 5), [
      { at: new Date(once), movedByDst: false },
    ])
    assert.equal(app.schedules.preview({ every: '1m', run: add.s(1, 1) }, 50).length, 50)
  })

  test('an app that does not declare it stops it; its history stays', async () => {
    const database = freshDatabase()
    const first = openApp({ database })
    first.app.schedule('gone', { every: '1h', run: first.add.s(1, 1) })
    await first.app.start()
    await first.app.stop()
    await using second = openApp({ database }).app
    await second.start()
    const info = (await second.schedules.get('gone'))!
    assert.deepEqual([info.declared, info.next], [false, null])
  })
})

describe('a slot while the run before it has not ended', () => {
  const fire = async (overlap: 'queueOne' | 'skip' | 'allow') => {
    const { app, hold } = opened()
    const journal = new Journal()
    app.schedule('slow', { every: '1s', overlap, run: hold.s(journal.path, 'run') })
    await app.start()
    await journal.has('run began', 1)
    return {
      app,
      journal,
      async [Symbol.asyncDispose]() {
        await app.stop()
      },
    }
  }
  const outcomes = async (app: ReturnType<typeof opened>['app']): Promise<string[]> =>
    (await app.schedules.ledger('slow')).map(({ outcome }) => outcome).toReversed()

  test('waits for it by default, and only the latest does', async () => {
    await using slow = await fire('queueOne')
    const { app, journal } = slow
    await until(async () => (await outcomes(app)).includes('coalesced'), 'a coalesced slot')
    assert.equal(journal.lines().length, 1)
    assert.equal((await outcomes(app)).filter((outcome) => outcome === 'fired').length, 1)
    await app.schedules.pause('slow')
    await app.schedules.resume('slow')
    journal.open()
    await journal.has('run began', 2)
  })

  test('is skipped with overlap: skip', async () => {
    await using slow = await fire('skip')
    const { app, journal } = slow
    await until(async () => (await outcomes(app)).includes('skipped'), 'a skipped slot')
    // A slow start coalesces the slots that pass meanwhile.
    const decided = (await outcomes(app)).filter((outcome) => outcome !== 'coalesced')
    assert.deepEqual(decided.slice(0, 2), ['fired', 'skipped'])
    assert.equal(journal.lines().length, 1)
    journal.open()
  })

  test('ends that run with overlap: cancelRunning, and fires when it has ended', async () => {
    const { app, heed } = opened()
    await using _ = app
    const journal = new Journal()
    app.schedule('eager', { every: '1s', overlap: 'cancelRunning', run: heed.s(journal.path) })
    await app.start()
    await journal.has('heeding, attempt 1', 3)
    await app.schedules.pause('eager')
    const fired = (await app.schedules.ledger('eager')).filter(({ outcome }) => outcome === 'fired').toReversed()
    const runs = await Promise.all(fired.map(async ({ jobId }) => (await app.result(jobId!).info())!))
    for (const [i, run] of runs.slice(0, -1).entries()) {
      assert.equal(run.state, 'REVOKED')
      assert.match(run.attempts[0]?.error?.message ?? '', /schedule "eager" fired again/)
      const { startedAt } = runs[i + 1]!
      assert.ok(startedAt === null || run.finishedAt! <= startedAt, 'one after the other')
    }
    await app.control.revoke({ task: 'heed' }, { terminate: true })
    await app.stop()
  })

  test('fires all the same with overlap: allow', async () => {
    await using slow = await fire('allow')
    const { journal } = slow
    await journal.has('run began', 2)
    journal.open()
  })
})
