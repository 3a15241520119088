/** Slots that passed while nobody was there: one run, none, or one each; every one of them in the ledger. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import Database from 'better-sqlite3'
import { freshDatabase } from '../fixtures/folder.ts'
import { openApp } from '../fixtures/tasks.ts'
import { until } from '../fixtures/until.ts'

const HOUR = 3_600_000

/** Makes a schedule's next slot one of the past, as if nobody had been there since. */
function setBack(database: string, name: string, slot: number): void {
  const db = new Database(database)
  db.prepare('UPDATE celeriac_schedules SET next_slot = ?, fire_at = ? WHERE name = ?').run(slot, slot, name)
  db.close()
}

/** What became of the slots of an hourly schedule that nobody was there for, the last of them half an hour ago; oldest first. */
async function afterDowntime(misfire: 'once' | 'skip' | 'all', count: number): Promise<string[]> {
  const database = freshDatabase()
  const first = Date.now() - (count - 0.5) * HOUR
  const declare = () => {
    const { app, add } = openApp({ database })
    app.schedule('hourly', { every: '1h', start: first, misfire, overlap: 'allow', run: add.s(1, 1) })
    return app
  }
  const before = declare()
  await before.start({ role: 'beat' })
  await before.stop()
  setBack(database, 'hourly', first)
  await using app = declare()
  const missed: number[] = []
  app.on('schedule-missed', ({ slot }) => void missed.push(Number(slot)))
  await app.start({ role: 'beat' })
  const ledger = await until(async () => {
    const rows = await app.schedules.ledger('hourly', { limit: 10_000 })
    return rows.length > 0 && rows.toReversed()
  }, 'the slots since')
  const unfired = ledger.filter(({ outcome }) => outcome !== 'fired').map(({ slot }) => Number(slot))
  await until(() => missed.length >= unfired.length, 'schedule-missed for each slot that did not fire')
  assert.deepEqual(missed, unfired)
  await app.stop()
  assert.deepEqual(
    ledger.map(({ slot }) => (Number(slot) - first) / HOUR),
    Array.from({ length: count }, (_, i) => i),
    'no slot is left out',
  )
  return ledger.map(({ outcome }) => outcome)
}

test('misfire: once runs the latest slot and coalesces the others', async () => {
  assert.deepEqual(await afterDowntime('once', 4), ['coalesced', 'coalesced', 'coalesced', 'fired'])
})

test('misfire: skip runs none that is more than a minute late', async () => {
  assert.deepEqual(await afterDowntime('skip', 4), ['missed', 'missed', 'missed', 'missed'])
})

test('misfire: all runs each of them, at most the latest hundred', async () => {
  assert.deepEqual(await afterDowntime('all', 4), ['fired', 'fired', 'fired', 'fired'])
  const many = await afterDowntime('all', 151)
  assert.deepEqual(new Set(many.slice(0, 51)), new Set(['missed']))
  assert.deepEqual(new Set(many.slice(51)), new Set(['fired']))
})

test('the ledger says what became of the slots of any time asked about', async () => {
  const database = freshDatabase()
  const { app, add } = openApp({ database })
  await using _ = app
  const run = add.s(1, 1)
  // On 31 March 2024 the clocks of Madrid skipped this time.
  app.schedule('yearly', { cron: '30 2 31 3 *', timezone: 'Europe/Madrid', overlap: 'allow', run })
  const last = Date.now() - HOUR / 2
  const first = last - 4_999 * HOUR
  app.schedule('hourly', { every: '1h', start: first, overlap: 'allow', run })
  await app.start({ role: 'beat' })
  await app.stop()
  setBack(database, 'yearly', Date.UTC(2023, 2, 31, 0, 30))
  setBack(database, 'hourly', first)
  await app.start({ role: 'beat' })
  const ledgerOf = (name: string, from: number, to: number) =>
    app.schedules.ledger(name, { from: new Date(from), to: new Date(to) })
  await until(async () => (await app.schedules.ledger('hourly')).length > 0, 'the hourly slots')
  await until(async () => (await app.schedules.ledger('yearly')).length > 0, 'the yearly slots')

  const quiet = { outcome: 'coalesced', jobId: null, movedFrom: null, until: null, slots: 1 }
  assert.deepEqual(await ledgerOf('yearly', Date.UTC(2023, 0, 1), Date.UTC(2025, 0, 1)), [
    { ...quiet, slot: new Date('2024-03-31T01:00Z'), movedFrom: '2024-03-31T02:30:00' },
    { ...quiet, slot: new Date('2023-03-31T00:30Z') },
  ])
  // From the first moment on, and before the last.
  assert.deepEqual(await ledgerOf('hourly', last - 2 * HOUR, last), [
    { ...quiet, slot: new Date(last - HOUR) },
    { ...quiet, slot: new Date(last - 2 * HOUR) },
  ])
  assert.equal((await ledgerOf('hourly', last, last + 1))[0]?.outcome, 'fired')
  // What lies before the latest thousand is one entry, found by any time within.
  const bulk = { ...quiet, slot: new Date(first), until: new Date(last - 1_000 * HOUR), slots: 4_000 }
  assert.deepEqual(await ledgerOf('hourly', first + 50 * HOUR, first + 51 * HOUR), [bulk])
  assert.equal((await app.schedules.ledger('hourly')).length, 100)
  assert.deepEqual((await app.schedules.ledger('hourly', { limit: 2_000 })).slice(1_000), [bulk])
  await app.stop()
})

test('a slot that has fired does not fire again, whatever its schedule remembers', async () => {
  const database = freshDatabase()
  const opened = openApp({ database })
  await using app = opened.app
  const at = Date.now() - 5_000
  app.schedule('once', { at, overlap: 'allow', run: opened.note.s('/dev/null', 'ran') })
  await app.start({ role: 'beat' })
  const [first] = await until(async () => {
    const rows = await app.schedules.ledger('once')
    return rows.length > 0 && rows
  }, 'the slot')
  assert.deepEqual([Number(first!.slot), first!.outcome], [at, 'fired'])
  await app.stop()

  const db = new Database(database)
  db.prepare('UPDATE celeriac_schedules SET next_slot = ?, fire_at = ?, last_slot = NULL').run(at, at)
  db.close()
  await app.start({ role: 'beat' })
  await until(async () => (await app.schedules.get('once'))?.last !== null, 'the slot to be looked at again')
  assert.deepEqual(await app.schedules.ledger('once'), [first])
  assert.deepEqual((await app.inspect.stats()).states, { PENDING: 1 })
})
