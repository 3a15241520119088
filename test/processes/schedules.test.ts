/** Schedules over processes: two that fire the same slots, one that is suspended, one whose clock is set. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { kill } from 'node:process'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import Database from 'better-sqlite3'
import type { ScheduleOptions } from 'celeriac'
import { temporaryFolder } from '../fixtures/folder.ts'
import { Peer } from '../fixtures/peer.ts'
import { programPath } from '../fixtures/program.ts'
import { openApp } from '../fixtures/tasks.ts'
import { until } from '../fixtures/until.ts'

const SECOND = 1_000
const HOUR = 3_600_000
const database = (): string => join(temporaryFolder(), 'jobs.db')

interface Slot {
  slot: number
  outcome: string
  jobs: number
}

/** What became of a schedule's slots, oldest first, with the jobs that each has. */
function slotsOf(db: Database.Database, schedule: string): Slot[] {
  return db
    .prepare(`SELECT slot, outcome, (SELECT count(*) FROM celeriac_jobs j WHERE j.schedule = s.schedule AND j.scheduled_for = s.slot) AS jobs
      FROM celeriac_slots s WHERE schedule = ? ORDER BY slot`)
    .all(schedule) as Slot[]
}

/** No slot is left out, none has two jobs, and those that fired have one. */
function assertWhole(slots: readonly Slot[], period: number, what: string): void {
  for (const [i, { slot, outcome, jobs }] of slots.entries()) {
    assert.equal(slot, slots[0]!.slot + i * period, `${what}: no slot is left out`)
    assert.equal(jobs, outcome === 'fired' ? 1 : 0, `${what}: ${slot} ${outcome}`)
  }
}

test('two processes fire 10,000 slots, none twice and none lost', async () => {
  const file = database()
  const names = Array.from({ length: 100 }, (_, i) => `s${i}`)
  const { app, add } = openApp({ database: file })
  for (const name of names)
    await app.schedules.set(name, { every: '1h', misfire: 'all', maxCatchup: 200, overlap: 'allow', run: add.s(1, 1) })
  await app.stop()
  const db = new Database(file)
  const peers = [new Peer({ database: file }), new Peer({ database: file })]
  await Promise.all(peers.map((peer) => peer.call('start', 'beat')))
  // Owed from now on, when both are there to fire.
  const first = Math.floor(Date.now() / HOUR) * HOUR - 99 * HOUR
  db.prepare('UPDATE celeriac_schedules SET next_slot = ?, fire_at = ?').run(first, first)
  const owed = db.prepare('SELECT count(*) FROM celeriac_schedules WHERE next_slot <= ?').pluck()
  await until(() => owed.get(Date.now()) === 0, 'all slots to be decided', 60_000)
  await Promise.all(peers.map((peer) => peer.leave()))
  let total = 0
  for (const name of names) {
    const slots = slotsOf(db, name)
    assert.equal(slots[0]?.slot, first)
    assert.ok(slots.length >= 100 && slots.every(({ outcome }) => outcome === 'fired'), name)
    assertWhole(slots, HOUR, name)
    total += slots.length
  }
  assert.ok(total >= 10_000)
  assert.equal(db.prepare('SELECT count(*) FROM celeriac_jobs').pluck().get(), total)
  db.close()
})

test('a process that is suspended for longer than the period goes on by misfire', async () => {
  const file = database()
  const peer = new Peer({ database: file })
  const misfires = ['once', 'skip', 'all'] as const
  for (const misfire of misfires) await peer.call('schedule', misfire, 'add', [1, 1], spec(misfire))
  await peer.call('start')
  const db = new Database(file, { readonly: true })
  await until(() => misfires.every((name) => slotsOf(db, name).length >= 2), 'the first slots')
  kill(peer.pid, 'SIGSTOP')
  const stopped = Date.now()
  await until(() => Date.now() > stopped + 4_500, 'four slots to pass')
  const woken = Date.now()
  kill(peer.pid, 'SIGCONT')
  await until(() => misfires.every((name) => (slotsOf(db, name).at(-1)?.slot ?? 0) > woken), 'the first slots after it')
  await peer.leave()
  for (const misfire of misfires) {
    const slots = slotsOf(db, misfire)
    assertWhole(slots, SECOND, misfire)
    const asleep = slots.filter(({ slot }) => slot > stopped && slot <= woken - SECOND).map(({ outcome }) => outcome)
    assert.ok(asleep.length >= 3)
    const expected = { once: 'coalesced', skip: 'missed', all: 'fired' }[misfire]
    assert.deepEqual(new Set(asleep), new Set([expected]), misfire)
  }
  db.close()
})

test('a clock that is set forward makes slots due at once, and set back fires nothing twice', async () => {
  const file = database()
  const shift = join(temporaryFolder(), 'shift')
  const shiftBy = (milliseconds: number): void => writeFileSync(shift, `${milliseconds}`)
  shiftBy(0)
  const clock = pathToFileURL(programPath('wrong-clock'))
  clock.search = encodeURIComponent(shift)
  const peer = new Peer({ database: file }, ['--import', clock.href])
  await peer.call('schedule', 'hourly', 'add', [1, 1], { every: '1h', overlap: 'allow' })
  await peer.call('start')
  const db = new Database(file, { readonly: true })
  const begun = Date.now()
  const hour = Math.ceil(begun / HOUR) * HOUR
  // To just before the slot: only a clock that is looked at again makes it due in time.
  shiftBy(hour - begun + HOUR / 2)
  const [forward] = await until(() => slotsOf(db, 'hourly').length > 0 && slotsOf(db, 'hourly'), 'the slot that came')
  assert.deepEqual(forward, { slot: hour, outcome: 'fired', jobs: 1 })
  shiftBy(0)
  const next = db.prepare("SELECT next_slot FROM celeriac_schedules WHERE name = 'hourly'").pluck()
  await until(() => next.get() === hour, 'the clock that was set back to be seen')
  shiftBy(hour - begun + 1.5 * HOUR)
  await until(() => slotsOf(db, 'hourly').length > 1, 'the slot after it')
  assertWhole(slotsOf(db, 'hourly'), HOUR, 'hourly')
  await peer.leave()
  db.close()
})

function spec(misfire: 'once' | 'skip' | 'all'): Omit<ScheduleOptions, 'run'> {
  return { every: '1s', overlap: 'allow', misfire }
}
