/** What a schedule's options take, and what they refuse with which reason; and how long the ledger is kept. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import Database from 'better-sqlite3'
import { Celeriac, type ScheduleOptions } from 'celeriac'
import { freshDatabase } from '../fixtures/folder.ts'
import { openApp } from '../fixtures/tasks.ts'
import { until } from '../fixtures/until.ts'

describe('app.schedule() refuses', () => {
  const { app, add } = openApp({ database: freshDatabase() })
  const run = add.s(1, 1)
  const cases: [given: Record<string, unknown>, code: 'INVALID_SCHEDULE' | 'INVALID_OPTION', reason: RegExp][] = [
    [{ cron: '' }, 'INVALID_SCHEDULE', /is empty; give 5 fields/],
    [{ cron: '0 6 *' }, 'INVALID_SCHEDULE', /has 3 fields/],
    [{ cron: '0 6 31 2 *' }, 'INVALID_SCHEDULE', /can never fire: no month of '2' has a day '31'/],
    [{ cron: '0 6 * * *', timezone: 'Europe/Atlantis' }, 'INVALID_SCHEDULE', /'Europe\/Atlantis' is no time zone/],
    [{ every: '900ms' }, 'INVALID_SCHEDULE', /the shortest period is 1s/],
    [{}, 'INVALID_SCHEDULE', /exactly one of cron, every and at/],
    [{ every: '1m', jitter: '1m' }, 'INVALID_SCHEDULE', /jitter is 1m, and the period 1m — give less than the period/],
    [{ every: '1m', jitter: 'soon' }, 'INVALID_OPTION', /jitter: 'soon' is not a duration/],
    [{ every: '1m', start: 'soon' }, 'INVALID_SCHEDULE', /start is 'soon'; give a Date/],
    [{ cron: '@daily', end: '2026-02-30' }, 'INVALID_SCHEDULE', /end is '2026-02-30'/],
    [{ cron: '@daily', start: '2026-02-01', end: '2026-01-01' }, 'INVALID_SCHEDULE', /end \(.*\) lies before start/],
    [
      { at: '2026-03-01T10:00', end: '2026-03-01T09:00' },
      'INVALID_SCHEDULE',
      /never fires: it has no slot up to its end/,
    ],
    [{ every: '1m', maxRuns: 0 }, 'INVALID_OPTION', /maxRuns is 0 — allowed: an integer of at least 1/],
    [{ every: '1m', maxCatchup: 20_000 }, 'INVALID_OPTION', /maxCatchup is 20000 — allowed: .* 1 to 10000/],
    [{ every: '1m', catchupWindow: -1 }, 'INVALID_OPTION', /catchupWindow: -1 is not a duration/],
    [{ every: '1m', overlap: 'kill' }, 'INVALID_OPTION', /overlap is 'kill' — allowed: 'allow' or 'skip'/],
    [{ every: '1m', misfire: 'twice' }, 'INVALID_OPTION', /misfire is 'twice'/],
    [{ every: '1m', maxRun: 2 }, 'INVALID_OPTION', /no option "maxRun" — did you mean "maxRuns"/],
  ]
  for (const [given, code, message] of cases) {
    test(JSON.stringify(given), () => {
      const options = { ...given, run } as ScheduleOptions
      assert.throws(() => app.schedule('s', options), { code, message })
      assert.throws(() => app.schedules.preview(options, 1), { code })
    })
  }
})

test('app.schedules shows every option that is in force', async () => {
  const { app, add } = openApp({ database: freshDatabase(), timezone: 'Europe/Madrid' })
  await using _ = app
  app.schedule('full', {
    every: '1h',
    start: '2030-01-01T00:30',
    end: '2030-01-02',
    jitter: '5m',
    catchupWindow: '1d',
    maxCatchup: 7,
    maxRuns: 3,
    misfire: 'all',
    overlap: 'cancelRunning',
    paused: true,
    run: add.s(1, 1),
  })
  await app.start({ role: 'beat' })
  const start = new Date('2029-12-31T23:30Z')
  assert.deepEqual(await app.schedules.get('full'), {
    name: 'full',
    spec: { kind: 'every', milliseconds: 3_600_000, anchor: Number(start) },
    task: 'add',
    misfire: 'all',
    overlap: 'cancelRunning',
    catchupWindow: 86_400_000,
    maxCatchup: 7,
    jitter: 300_000,
    maxRuns: 3,
    start,
    end: new Date('2030-01-01T23:00Z'),
    paused: true,
    declared: true,
    edited: false,
    disabled: false,
    next: start,
    last: null,
    waiting: null,
    runs: 0,
    missed: 0,
    lastSuccess: null,
    error: null,
  })
  assert.deepEqual(
    app.schedules.preview('full', 10).map(({ at }) => Number(at) - Number(start)),
    [0, 3_600_000, 7_200_000],
  )
  assert.deepEqual(await app.schedules.list(), [await app.schedules.get('full')])
  await app.stop()
})

test('preview() says which local time a moved slot stands for', () => {
  const { app, add } = openApp({ database: freshDatabase() })
  const slots = app.schedules.preview({ cron: '30 2 * * *', timezone: 'Europe/Madrid', run: add.s(1, 1) }, 400)
  const moved = slots.filter(({ movedByDst }) => movedByDst)
  assert.ok(moved.length >= 1)
  for (const { at, movedFrom } of moved) assert.equal(movedFrom, `${at.toISOString().slice(0, 10)}T02:30:00`)
})

test('the ledger is kept as long as retention.ledger says', async () => {
  assert.throws(() => new Celeriac({ retention: { ledger: '59m' } }), {
    code: 'INVALID_OPTION',
    message: /retention\.ledger is '59m' — allowed: at least '1h', or 'forever'/,
  })
  const database = freshDatabase()
  const { app, add } = openApp({ database, retention: { ledger: '2h' } })
  await using _ = app
  await app.schedules.set('old', { at: new Date(Date.now() - 1_000), run: add.s(1, 1) })
  await app.start({ role: 'beat' })
  await until(async () => (await app.schedules.ledger('old')).length > 0, 'the slot')
  const db = new Database(database)
  const note = db.prepare(
    "INSERT INTO celeriac_slots (schedule, slot, outcome, noted_at) VALUES ('old', ?, 'missed', ?)",
  )
  for (let hour = 1; hour <= 4; hour++) note.run(hour, Date.now() - (hour - 0.5) * 3_600_000)
  db.close()
  await until(async () => (await app.schedules.ledger('old')).length === 3, 'the rows older than two hours to go')
  assert.deepEqual((await app.schedules.ledger('old')).map(({ slot }) => Number(slot)).slice(1), [2, 1])
  await app.stop()
})
