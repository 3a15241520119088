import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import Database from 'better-sqlite3'
import { systemClock } from '../../lib/engine/clock.ts'
import { WalKeeper } from '../../lib/engine/wal-keeper.ts'
import type { Store } from '../../lib/store/store.ts'
import type { Incident } from '../../lib/wire/incident.ts'

/** Turns after which it checkpoints at once. */
const BUSY = 400

test('a checkpoint that the disk has no room for is told of once, and tried again until it succeeds', (t) => {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.after(() => mock.timers.reset())
  let full = true
  let tries = 0
  const checkpoint = (): number => {
    tries++
    if (full) throw new Database.SqliteError('database or disk is full', 'SQLITE_FULL')
    return 0
  }
  const store: Pick<Store, 'checkpoint' | 'walBytes' | 'path'> = { checkpoint, walBytes: () => 0, path: 'jobs.db' }
  const told: Incident[] = []
  const keeper = new WalKeeper(store as Store, systemClock, (incident) => told.push(incident))
  const work = (): void => {
    for (let i = 0; i < BUSY; i++) keeper.turned(false)
  }
  work()
  mock.timers.tick(2_000)
  mock.timers.tick(2_000)
  assert.equal(tries, 3)
  assert.deepEqual(
    told.map((incident) => [incident.about, 'error' in incident && incident.error.code]),
    [['checkpoint-failed', 'STORAGE_FULL']],
  )
  full = false
  mock.timers.tick(2_000)
  assert.equal(tries, 4)
  mock.timers.tick(10_000)
  assert.equal(tries, 4, 'it has succeeded')
  full = true
  work()
  assert.equal(told.length, 2)
  keeper.stop()
})
