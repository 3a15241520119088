/** How a store writes and closes, and which drivers may open one. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { test } from 'node:test'
import Database from 'better-sqlite3'
import { DriverMismatch } from '../../lib/errors.ts'
import { assertDriverFits, loadDriver, perConnection } from '../../lib/store/driver.ts'
import { Store } from '../../lib/store/store.ts'
import { freshDatabase } from '../fixtures/folder.ts'

const vitals = { memory: 1, threads: 0, busy: 0, stuck: 0, restarts: 0, engineDelay: 0, appDelay: null }
const PROCESS = { app: 'a', host: 'h', pid: 1, role: 'all', threads: 1, tasks: [], vitals }

test('the write lock is held from the beginning of a write, so that reading first cannot lose to another writer', () => {
  const path = freshDatabase()
  const store = new Store(path, 'full')
  const other = new Database(path, { timeout: 0 })
  store.write(() => {
    assert.equal(store.reads.state('x'), null)
    assert.throws(() => other.exec('BEGIN IMMEDIATE'), { code: 'SQLITE_BUSY' })
  })
  other.exec('BEGIN IMMEDIATE; ROLLBACK')
  other.close()
  store.close()
})

test('what is made in a file of others is ours by name, and the tables are strict', () => {
  const path = freshDatabase()
  const own = new Database(path)
  own.exec('CREATE TABLE orders (id INTEGER PRIMARY KEY)')
  new Store(path, 'full').close()
  const made = own.pragma('table_list') as { name: string; type: string; strict: number }[]
  const tables = made.filter(({ name, type }) => type === 'table' && !name.startsWith('sqlite_') && name !== 'orders')
  assert.ok(tables.length > 10)
  assert.deepEqual(
    tables.filter(({ strict }) => strict !== 1),
    [],
  )
  const names = own.prepare("SELECT name FROM sqlite_schema WHERE name NOT GLOB 'sqlite_*'").pluck().all() as string[]
  assert.deepEqual(
    names.filter((name) => !name.startsWith('celeriac_')),
    ['orders'],
  )
  own.close()
})

test('what is made per connection is made once for each, when it is first asked for', () => {
  const made: unknown[] = []
  const countOf = perConnection((db) => made.push(db))
  const [one, other] = [new Database(':memory:'), new Database(':memory:')]
  assert.deepEqual([countOf(one), countOf(one), countOf(other), countOf(one)], [1, 1, 2, 1])
  assert.ok(made[0] === one && made[1] === other)
  one.close()
  other.close()
})

test('a write that throws is rolled back', () => {
  const store = new Store(freshDatabase(), 'full')
  assert.throws(
    () =>
      store.write(() => {
        store.processes.register({ ...PROCESS, key: 'lost' }, 1)
        throw new Error('on purpose')
      }),
    /on purpose/,
  )
  store.write(() => store.processes.register({ ...PROCESS, key: 'kept' }, 1))
  assert.deepEqual(
    store.processes.all().map(({ key }) => key),
    ['kept'],
  )
  store.close()
})

test('closing leaves the database alone', () => {
  const path = freshDatabase()
  const store = new Store(path, 'full')
  store.write(() => store.processes.register({ ...PROCESS, key: 'one' }, 1))
  store.close()
  store.close()
  assert.deepEqual([existsSync(path), existsSync(`${path}-wal`), existsSync(`${path}-shm`)], [true, false, false])
})

test('a better-sqlite3 that would end this Node with SIGSEGV is refused before it is loaded', () => {
  for (const [version, napi, node] of [
    ['13.2.0', '9', 'v20.20.2'],
    ['13.0.0', undefined, 'v18.0.0'],
    ['14.1.0', '8', 'v22.1.0'],
  ] as const) {
    assert.throws(
      () => assertDriverFits(version, napi, node),
      (error) => {
        assert.ok(error instanceof DriverMismatch)
        assert.equal(error.code, 'DRIVER_MISMATCH')
        assert.match(error.message, new RegExp(`better-sqlite3 ${version} needs Node-API 10 and Node ${node} has`))
        return true
      },
    )
  }
  for (const [version, napi] of [
    ['12.11.1', '9'],
    ['13.2.0', '10'],
    ['13.2.0', '11'],
    ['12.0.0', undefined],
  ] as const)
    assertDriverFits(version, napi, 'v22.14.0')
  assert.equal(loadDriver(), Database)
})
