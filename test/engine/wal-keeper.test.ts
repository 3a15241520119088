import assert from 'node:assert/strict'
import { mock, type TestContext, test } from 'node:test'
import Database from 'better-sqlite3'
import type { Clock } from '../../lib/engine/clock.ts'
import { WalKeeper } from '../../lib/engine/wal-keeper.ts'
import type { FailedRestart } from '../../lib/store/failed-restarts.ts'
import type { Store } from '../../lib/store/store.ts'
import type { Incident } from '../../lib/wire/incident.ts'

const MB = 1_048_576
/** Turns after which it checkpoints at once. */
const BUSY = 400

/** The file of some processes, its log as a test says, and the time. */
class File {
  wall = 1_000_000_000
  monotonic = 5_000
  log: { bytes: number; copied: number } | null = { bytes: 0, copied: 0 }
  full = false
  looks = 0
  /** How long each attempt waits, in ms, and how it ends. */
  readonly waits: number[] = []
  ends: boolean | null = true
  failed: FailedRestart | null = null
  readonly told: Incident[] = []

  keeper(t: TestContext): WalKeeper {
    const clock: Clock = { now: () => this.wall, monotonic: () => this.monotonic }
    const store: Pick<Store, 'checkpoint' | 'restartWal' | 'walBytes' | 'path' | 'write'> & { failedRestarts: object } =
      {
        path: 'jobs.db',
        checkpoint: () => {
          this.looks++
          if (this.full) throw new Database.SqliteError('database or disk is full', 'SQLITE_FULL')
          return this.log
        },
        restartWal: (patience) => {
          this.waits.push(patience)
          return this.ends
        },
        walBytes: () => this.log?.bytes ?? 0,
        write: (work) => work(),
        failedRestarts: { last: () => this.failed, keep: (failed: FailedRestart) => (this.failed = failed) },
      }
    const keeper = new WalKeeper(store as unknown as Store, clock, (incident) => this.told.push(incident))
    t.after(() => keeper.stop())
    return keeper
  }

  pass(milliseconds: number): void {
    this.wall += milliseconds
    this.monotonic += milliseconds
  }
}

function look(keeper: WalKeeper): void {
  for (let i = 0; i < BUSY; i++) keeper.turned(false)
}

/** Readers who take turns: all that was there at the last look is copied now, and something has come since. */
function grow(file: File, keeper: WalKeeper, megabytes: number[]): void {
  for (const size of megabytes) {
    file.pass(300)
    file.log = { bytes: size * MB, copied: file.log?.bytes ?? 0 }
    look(keeper)
  }
}

test('a checkpoint that the disk has no room for is told of once, and tried again until it succeeds', (t) => {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.after(() => mock.timers.reset())
  const file = new File()
  const keeper = file.keeper(t)
  file.full = true
  look(keeper)
  mock.timers.tick(2_000)
  mock.timers.tick(2_000)
  assert.equal(file.looks, 3)
  assert.deepEqual(
    file.told.map((incident) => [incident.about, 'error' in incident && incident.error.code]),
    [['checkpoint-failed', 'STORAGE_FULL']],
  )
  file.full = false
  mock.timers.tick(2_000)
  assert.equal(file.looks, 4)
  mock.timers.tick(10_000)
  assert.equal(file.looks, 4, 'it has succeeded')
  file.full = true
  look(keeper)
  assert.equal(file.told.length, 2)
})

test('readers who take turns are outlasted once the log is large', (t) => {
  const file = new File()
  const keeper = file.keeper(t)
  grow(file, keeper, [8, 14, 31])
  assert.deepEqual(file.waits, [20], 'a moment is waited for before that')
  grow(file, keeper, [33])
  assert.deepEqual(file.waits, [20, 1_000])
  assert.equal(file.failed, null)
})

test('once that has failed no process tries it for a time, which doubles', (t) => {
  const file = new File()
  const [mine, theirs] = [file.keeper(t), file.keeper(t)]
  file.ends = false
  const patient = (): number => file.waits.filter((wait) => wait > 100).length
  grow(file, mine, [30, 33])
  assert.equal(patient(), 1)
  assert.deepEqual(file.failed, { at: file.wall, times: 1 })
  grow(file, theirs, [34, 35, 36])
  assert.equal(patient(), 1, 'the other process has not tried')
  grow(file, mine, [37, 38, 39, 40])
  assert.equal(patient(), 2, '2 s later')
  assert.equal(file.failed?.times, 2)
  grow(file, theirs, [41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53])
  assert.equal(patient(), 2)
  grow(file, theirs, [54])
  assert.equal(patient(), 3, '4 s later')
  file.wall -= 3_600_000
  grow(file, mine, [55, 56, 57])
  assert.ok(patient() > 3, 'a clock that was set back keeps nobody from it')
})

test('an attempt that met another one has not failed', (t) => {
  const file = new File()
  const keeper = file.keeper(t)
  file.ends = null
  grow(file, keeper, [30, 33])
  assert.equal(file.waits.at(-1), 1_000)
  assert.equal(file.failed, null)
})

test('nobody is kept from writing for a reader who stays; of a large log somebody is told, once', (t) => {
  const file = new File()
  const keeper = file.keeper(t)
  file.ends = false
  const stays = { copied: 3 * MB }
  for (const size of [10, 20, 30, 40, 50, 60, 70, 80, 90]) {
    file.pass(600)
    file.log = { bytes: size * MB, ...stays }
    look(keeper)
  }
  assert.equal(file.waits.length, 0)
  assert.deepEqual(
    file.told.map((incident) => [incident.about, 'bytes' in incident && incident.bytes]),
    [['wal-held', 70 * MB]],
  )
  file.ends = true
  grow(file, keeper, [91, 92, 93])
  assert.ok(file.waits.includes(1_000), 'it has gone')
})

test('a log of which all is copied is begun anew at the first look', (t) => {
  const file = new File()
  const keeper = file.keeper(t)
  file.log = { bytes: 80 * MB, copied: 80 * MB }
  look(keeper)
  assert.deepEqual(file.waits, [20])
  assert.deepEqual(file.told, [])
})

test('while another process checkpoints, it looks again later', (t) => {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.after(() => mock.timers.reset())
  const file = new File()
  const keeper = file.keeper(t)
  file.log = null
  look(keeper)
  mock.timers.tick(500)
  assert.equal(file.looks, 2)
  assert.deepEqual(file.waits, [])
})

test('a file that was large is looked at while it is written, however large it still is', (t) => {
  const file = new File()
  const keeper = file.keeper(t)
  file.log = { bytes: 40 * MB, copied: 40 * MB }
  const turns = (): void => {
    for (let i = 0; i < 8; i++) keeper.turned(false)
  }
  turns()
  turns()
  assert.equal(file.looks, 1)
  file.pass(200)
  turns()
  assert.equal(file.looks, 2)
})
