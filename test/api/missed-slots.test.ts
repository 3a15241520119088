/** Slots that passed while nobody was there: one run, none, or one each; every one of them in the ledger. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import Database from 'better-sqlite3'
import { freshDatabase } from '../fixtures/folder.ts'
import { openApp } from '../fixtures/tasks.ts'
import { until } from '../fixtures/until.ts'

/** An app whose schedule was last looked at `minutes` ago. */
async function afterDowntime(misfire: 'once' | 'skip' | 'all', minutes: number) {
  const database = freshDatabase()
  const declare = () => {
    const opened = openApp({ database })
    opened.app.schedule('minutely', { cron: '* * * * *', misfire, overlap: 'allow', run: opened.add.s(1, 1) })
    return opened.app
  }
  const before = declare()
  await before.start({ role: 'beat' })
  await before.stop()
  const db = new Database(database)
  const minute = Math.floor(Date.now() / 60_000) * 60_000
  const first = minute - minutes * 60_000
  db.prepare('UPDATE celeriac_schedules SET next_slot = ?, fire_at = ?').run(first, first)
  db.close()
  await using app = declare()
  const missed: number[] = []
  app.on('schedule-missed', ({ slot }) => void missed.push(Number(slot)))
  await app.start({ role: 'beat' })
  const ledger = await until(async () => {
    const rows = await app.schedules.ledger('minutely', { limit: 10_000 })
    return rows.some(({ slot }) => Number(slot) >= minute) && rows.toReversed()
  }, 'the slots since')
  const events = ledger.filter(({ outcome }) => outcome !== 'fired').length
  await until(() => missed.length >= events, 'schedule-missed for each slot that did not fire')
  await app.stop()
  const slots = ledger.map(({ slot }) => (Number(slot) - first) / 60_000)
  assert.deepEqual(
    slots.slice(0, minutes + 1),
    Array.from({ length: minutes + 1 }, (_, i) => i),
    'no slot is left out',
  )
  return ledger.slice(0, minutes + 1).map(({ outcome }) => outcome)
}

test('misfire: once runs the latest slot and coalesces the others', async () => {
  assert.deepEqual(await afterDowntime('once', 3), ['coalesced', 'coalesced', 'coalesced', 'fired'])
})

test('misfire: skip runs none that is more than a minute late', async () => {
  const outcomes = await afterDowntime('skip', 3)
  assert.deepEqual(outcomes.slice(0, 3), ['missed', 'missed', 'missed'])
})

test('misfire: all runs each of them, at most the latest hundred', async () => {
  assert.deepEqual(await afterDowntime('all', 3), ['fired', 'fired', 'fired', 'fired'])
  const many = await afterDowntime('all', 150)
  assert.equal(many.filter((outcome) => outcome === 'fired').length, 100)
  assert.deepEqual(new Set(many.slice(0, 51)), new Set(['missed']))
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
