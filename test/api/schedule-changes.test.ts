/** What a run knows of its schedule, and what becomes of a schedule that the code, or somebody at run time, changes. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import Database from 'better-sqlite3'
import type { ScheduleOptions } from 'celeriac'
import { freshDatabase } from '../fixtures/folder.ts'
import { Journal } from '../fixtures/journal.ts'
import { openApp } from '../fixtures/tasks.ts'
import { openTransactions } from '../fixtures/transaction-tasks.ts'
import { until } from '../fixtures/until.ts'

const HOUR = 3_600_000

/** Starts an app whose code declares these schedules, hands it over, and stops it. */
async function started<T>(
  database: string,
  specs: Record<string, Omit<ScheduleOptions, 'run'>>,
  look: (opened: ReturnType<typeof openApp>) => Promise<T>,
): Promise<T> {
  const opened = openApp({ database })
  for (const [name, spec] of Object.entries(specs)) opened.app.schedule(name, { ...spec, run: opened.add.s(1, 1) })
  await opened.app.start({ role: 'beat' })
  try {
    return await look(opened)
  } finally {
    await opened.app.stop()
  }
}

function edit(database: string, sql: string, ...values: unknown[]): void {
  const db = new Database(database)
  db.prepare(sql).run(...values)
  db.close()
}

describe('a run of a schedule', () => {
  test('knows the last slot that succeeded, and how many were missed before it', async () => {
    const { app, cover } = openApp({ database: freshDatabase() })
    await using _ = app
    const journal = new Journal()
    app.schedule('report', { every: '1s', run: cover.s(journal.path) })
    await app.start()
    const seen = () => journal.lines().map((line) => JSON.parse(line) as [number, number | null, number])
    // Two that fail, then some that succeed.
    await until(() => seen().length >= 2, 'two runs')
    assert.deepEqual(
      seen().map(([, last]) => last),
      seen().map(() => null),
    )
    assert.equal((await app.schedules.get('report'))?.lastSuccess, null)
    journal.open()
    const rows = await until(() => seen().filter(([, last]) => last !== null).length >= 2 && seen(), 'two successes')
    const succeeded = rows.findIndex(([, last]) => last !== null)
    for (let i = succeeded; i < rows.length; i++) assert.equal(rows[i]![1], rows[i - 1]![0], 'the run before succeeded')

    // By hand: it sees the same, and moves nothing.
    await app.schedules.pause('report')
    const before = await until(async () => {
      const { states } = await app.inspect.stats()
      return !states.PENDING && !states.STARTED && app.schedules.get('report')
    }, 'the last run to end')
    const triggered = await app.schedules.trigger('report')
    await triggered.get({ timeout: '20s' })
    assert.equal(seen().at(-1)![1], Number(before.lastSuccess))
    assert.deepEqual(await app.schedules.get('report'), before)
    await app.stop()
  })

  test('that stands for missed ones knows how many', async () => {
    const database = freshDatabase()
    const journal = new Journal()
    journal.open()
    const declare = () => {
      const { app, cover } = openApp({ database })
      app.schedule('hourly', { every: '1h', run: cover.s(journal.path) })
      return app
    }
    const before = declare()
    await before.start({ role: 'beat' })
    await before.stop()
    const latest = Math.floor(Date.now() / HOUR) * HOUR
    setBack(database, 'hourly', latest - 4 * HOUR)
    await using app = declare()
    await app.start()
    const [line] = await until(() => journal.lines().length > 0 && journal.lines(), 'the run')
    const [slot, last, missed] = JSON.parse(line!) as [number, number | null, number]
    assert.ok(slot === latest || slot === latest + HOUR)
    assert.deepEqual([last, missed], [null, (slot - latest) / HOUR + 4])
    const info = await until(async () => {
      const found = await app.schedules.get('hourly')
      return found?.lastSuccess ? found : null
    }, 'the success to be noted')
    assert.deepEqual([Number(info.lastSuccess), info.missed, info.runs], [slot, 0, 1])
    await app.stop()
  })
})

test('a run that ends in its own transaction is a success of its slot in that very transaction', async () => {
  const database = freshDatabase()
  const { app, once } = openTransactions({ database })
  await using _ = app
  const at = Date.now() - 1_000
  app.schedule('single', { at, run: once.s('line') })
  await app.start({ role: 'producer' })
  edit(database, 'CREATE TABLE effects (line TEXT)')
  await app.stop()
  await app.start()
  const info = await until(async () => {
    const found = await app.schedules.get('single')
    return found?.lastSuccess ? found : null
  }, 'the success to be noted')
  assert.equal(Number(info.lastSuccess), at)
  await app.stop()
})

describe('a schedule in the file', () => {
  test('keeps what was set at run time over restarts, until it is reset', async () => {
    const database = freshDatabase()
    const daily = { daily: { cron: '0 6 * * *', maxRuns: 9 } }
    await started(database, daily, async ({ app, add }) => {
      assert.deepEqual(pick(await app.schedules.get('daily')), [true, false, '0 6 * * *', 9])
      await app.schedules.set('daily', { cron: '0 7 * * *', run: add.s(2, 2) })
      assert.deepEqual(pick(await app.schedules.get('daily')), [true, true, '0 7 * * *', null])
    })
    // A start with the same code, and one with other code.
    await started(database, daily, async ({ app }) => {
      assert.deepEqual(pick(await app.schedules.get('daily')), [true, true, '0 7 * * *', null])
    })
    await started(database, { daily: { cron: '0 8 * * *' } }, async ({ app }) => {
      assert.deepEqual(pick(await app.schedules.get('daily')), [true, true, '0 7 * * *', null])
      assert.equal(await app.schedules.reset('daily'), true)
      assert.deepEqual(pick(await app.schedules.get('daily')), [true, false, '0 8 * * *', null])
    })
    await started(database, { daily: { cron: '0 9 * * *' } }, async ({ app, add }) => {
      assert.deepEqual(pick(await app.schedules.get('daily')), [true, false, '0 9 * * *', null])
      await app.schedules.set('own', { every: '1h', run: add.s(1, 1) })
      assert.equal(await app.schedules.reset('own'), false, 'no code declares it')
      await assert.rejects(app.schedules.reset('nobody'), { code: 'UNKNOWN_SCHEDULE' })
    })
  })

  test('is disabled when the code drops it, with its history, and comes back with the code', async () => {
    const database = freshDatabase()
    await started(database, { hourly: { every: '1h' } }, async () => {})
    setBack(database, 'hourly', Math.floor(Date.now() / HOUR) * HOUR)
    const history = await started(database, { hourly: { every: '1h' } }, ({ app }) =>
      until(async () => {
        const rows = await app.schedules.ledger('hourly')
        return rows.length > 0 && rows
      }, 'the slot'),
    )
    await started(database, {}, async ({ app }) => {
      const { declared, disabled, next } = (await app.schedules.get('hourly'))!
      assert.deepEqual([declared, disabled, next], [false, true, null])
      await app.schedules.resume('hourly')
      assert.equal(await app.schedules.reset('hourly'), false, 'the code that it would go back to is gone')
      assert.equal((await app.schedules.get('hourly'))?.next, null, 'nor does resuming bring it back')
      assert.deepEqual(await app.schedules.ledger('hourly'), history)
    })
    await started(database, { hourly: { every: '1h' } }, async ({ app }) => {
      const { declared, disabled, next } = (await app.schedules.get('hourly'))!
      assert.deepEqual([declared, disabled], [true, false])
      assert.ok(Number(next) > Date.now())
    })
  })

  test('is paused and resumed by hand until the code says something new', async () => {
    const database = freshDatabase()
    const paused = async (spec: Omit<ScheduleOptions, 'run'>, then?: 'pause' | 'resume') =>
      started(database, { hourly: spec }, async ({ app }) => {
        const info = await app.schedules.get('hourly')
        if (then) await app.schedules[then]('hourly')
        return info?.paused
      })
    assert.equal(await paused({ every: '1h', paused: true }, 'resume'), true)
    assert.equal(await paused({ every: '1h', paused: true }), false, 'resumed by hand')
    assert.equal(await paused({ every: '2h', paused: true }, 'pause'), false, 'another change says nothing about it')
    assert.equal(await paused({ every: '2h', paused: true }), true, 'paused by hand')
    assert.equal(await paused({ every: '2h' }), false, 'the code takes its pause back')
  })

  test('never fires a slot of the past because it was changed', async () => {
    const database = freshDatabase()
    const past = Math.floor(Date.now() / HOUR) * HOUR
    await started(database, { changed: { every: '1h' }, same: { every: '1h' } }, async () => {})
    setBack(database, 'changed', past)
    setBack(database, 'same', past)
    await started(database, { changed: { every: '30m' }, same: { every: '1h', misfire: 'all' } }, async ({ app }) => {
      await until(async () => (await app.schedules.ledger('same')).length > 0, 'the slot that is still owed')
      assert.deepEqual(await app.schedules.ledger('changed'), [])
      assert.ok(Number((await app.schedules.get('changed'))?.next) > Date.now() - 1_000)
      await app.schedules.set('changed', { at: new Date(past), run: openApp({ database }).add.s(1, 1) })
      assert.equal((await app.schedules.get('changed'))?.next, null)
    })
  })

  test('that cannot be read is shown with the reason, and stops no other', async () => {
    const database = freshDatabase()
    const specs = { good: { every: '1h' }, spec: { every: '1h' }, rule: { every: '1h' }, job: { every: '1h' } }
    const past = Math.floor(Date.now() / HOUR) * HOUR
    await started(database, specs, async () => {})
    for (const name of Object.keys(specs)) setBack(database, name, past)
    edit(
      database,
      `UPDATE celeriac_schedules SET spec = '{"kind":"cron","expression":"61 * * * *","timezone":"UTC"}' WHERE name = 'spec'`,
    )
    edit(database, `UPDATE celeriac_schedules SET rules = '{"jitter":"soon"}' WHERE name = 'rule'`)
    edit(database, `UPDATE celeriac_schedules SET job = '{"task":"add","codec":5}' WHERE name = 'job'`)
    const logged: string[] = []
    const log = (text: string) => void logged.push(text)
    const { app, add } = openApp({ database, logger: { debug: log, info: log, warn: log, error: log } })
    await using _ = app
    await app.start({ role: 'beat' })
    // Nothing is declared here, so that nothing is mended.
    edit(database, 'UPDATE celeriac_schedules SET disabled = 0')
    for (const name of Object.keys(specs)) setBack(database, name, past)
    await until(async () => (await app.schedules.ledger('good')).length > 0, 'the good one to fire')
    const infos = await until(async () => {
      const list = await app.schedules.list()
      return list.filter(({ error }) => error !== null).length === 3 && list
    }, 'the three others to be set aside')
    const errors = new Map(infos.map(({ name, error }) => [name, error]))
    assert.equal(errors.get('good'), null)
    assert.match(errors.get('spec')!, /'61' as minute: give 0-59/)
    assert.match(errors.get('rule')!, /the stored rule 'jitter' is 'soon'/)
    assert.equal(infos.find(({ name }) => name === 'spec')?.spec, null)
    for (const name of ['spec', 'rule', 'job']) {
      assert.deepEqual(await app.schedules.ledger(name), [], 'nothing of a broken firing is left')
      // The list may be ahead of what is told.
      await until(() => logged.some((text) => text.includes(`schedule "${name}" cannot fire`)), `the word of ${name}`)
    }
    await assert.rejects(app.schedules.resume('spec'), { code: 'INVALID_SCHEDULE' })
    await app.schedules.set('spec', { every: '1h', run: add.s(1, 1) })
    const mended = (await app.schedules.get('spec'))!
    assert.deepEqual([mended.error, Number(mended.next) > Date.now()], [null, true])
    await app.stop()
  })
})

function setBack(database: string, name: string, slot: number): void {
  edit(database, 'UPDATE celeriac_schedules SET next_slot = ?, fire_at = ? WHERE name = ?', slot, slot, name)
}

function pick(info: Awaited<ReturnType<ReturnType<typeof openApp>['app']['schedules']['get']>>): unknown[] {
  const { declared, edited, spec, maxRuns } = info!
  return [declared, edited, spec?.kind === 'cron' && spec.expression, maxRuns]
}
