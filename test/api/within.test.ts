/** within(db): a job inside the caller's own transaction on the same file. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import Database from 'better-sqlite3'
import { InvalidPayload } from 'celeriac'
import { resultOf } from '../fixtures/calls.ts'
import { freshDatabase } from '../fixtures/folder.ts'
import { openApp } from '../fixtures/tasks.ts'

const tables = (db: Database.Database): unknown[] =>
  db.prepare("SELECT name FROM sqlite_schema WHERE name LIKE 'celeriac%'").pluck().all()

describe('within a transaction of the application', () => {
  const database = freshDatabase()
  const { app, add, echo, whoAmI } = openApp({ database, maxPayload: 1_000 })
  let db: Database.Database
  before(async () => {
    await app.start()
    db = new Database(database)
    db.exec('CREATE TABLE users (name TEXT UNIQUE)')
  })
  after(async () => {
    db.close()
    await app.stop()
  })

  test('a job exists if and only if the transaction commits', async () => {
    const signUp = (name: string, fail: boolean) => {
      let handle: ReturnType<ReturnType<typeof echo.within>['delay']> | undefined
      const run = db.transaction(() => {
        db.prepare('INSERT INTO users VALUES (?)').run(name)
        handle = echo.within(db).delay(name)
        if (fail) throw new Error('rolled back')
      })
      try {
        run.immediate()
      } catch (error) {
        assert.match((error as Error).message, /rolled back/)
      }
      return handle!
    }
    const kept = signUp('ada', false)
    const lost = signUp('bob', true)
    assert.equal(await resultOf(kept), 'ada')
    assert.equal(await lost.exists(), false)
    assert.equal(await lost.state(), null)
    await assert.rejects(resultOf(lost), { code: 'UNKNOWN_TASK' })
    assert.deepEqual(db.prepare('SELECT name FROM users').pluck().all(), ['ada'])
  })

  test('a transaction that stays open holds its own job back, and nobody is told otherwise', async () => {
    db.exec('BEGIN IMMEDIATE')
    const inside = whoAmI.within(db).delay('inside')
    const beside = add.delay(1, 1)
    assert.equal(await inside.exists(), false)
    assert.equal(await Promise.race([beside, inside.state()]), null, 'the call beside waits for the lock')
    db.exec('COMMIT')
    assert.equal(await resultOf(await beside), 2)
    assert.deepEqual((await resultOf(inside)).args, ['inside'])
  })

  test('takes the options of applyAsync, and many at once', async () => {
    const [first, second] = db
      .transaction(() => [
        whoAmI.within(db).applyAsync(['a'], { queue: 'mail', tags: ['t'], taskId: 'within-1' }),
        whoAmI.within(db).applyAsync(['b'], { taskId: 'within-1' }),
      ])
      .immediate() as ReturnType<ReturnType<typeof whoAmI.within>['delay']>[]
    assert.deepEqual([first!.duplicate, second!.duplicate], [false, true])
    const seen = await resultOf(first!)
    assert.deepEqual([seen.queue, seen.tags, seen.args], ['mail', ['t'], ['a']])
    const many = add.within(db).delayMany(
      [
        [1, 1],
        [2, 2],
      ],
      { priority: 3 },
    )
    assert.deepEqual(await Promise.all(many.map(resultOf)), [2, 4])
    assert.deepEqual(add.within(db).delayMany([]), [])
  })

  test('outside a transaction it commits by itself', async () => {
    assert.equal(db.inTransaction, false)
    assert.equal(await resultOf(add.within(db).delay(20, 22)), 42)
  })

  test('refuses what cannot be stored, and the transaction goes on', async () => {
    const handle = db
      .transaction(() => {
        assert.throws(() => echo.within(db).delay(new Date(0)), InvalidPayload)
        assert.throws(() => echo.within(db).delay('x'.repeat(2_000)), { code: 'PAYLOAD_TOO_LARGE' })
        assert.throws(() => add.within(db).delayMany('ab' as never), { code: 'INVALID_OPTION' })
        assert.throws(() => add.within(db).delayMany([[1, 1]], { taskId: 'x' } as never), { code: 'INVALID_OPTION' })
        return add.within(db).delay(1, 2)
      })
      .immediate()
    assert.equal(await resultOf(handle), 3)
  })

  test('a transaction that read before another one wrote is told to begin as a writer', async () => {
    db.exec('BEGIN')
    db.prepare('SELECT count(*) FROM users').get()
    await resultOf(await add.delay(1, 1))
    assert.throws(() => add.within(db).delay(1, 2), {
      code: 'DATABASE_LOCKED',
      message: /was changed by another connection since this transaction read it — begin it with \.immediate\(\)/,
    })
    db.exec('ROLLBACK')
    const readonly = new Database(database, { readonly: true })
    assert.throws(() => add.within(readonly).delay(1, 2), { code: 'DATABASE_READ_ONLY' })
    readonly.close()
  })

  test('refuses every connection that is not an open one of ours to this file', () => {
    const elsewhere = new Database(freshDatabase())
    const memory = new Database(':memory:')
    const closed = new Database(database)
    closed.close()
    const pretender = { name: database, open: true, inTransaction: false, prepare: () => ({}), exec: () => {} }
    const cases: [db: unknown, message: RegExp][] = [
      [elsewhere, /given a connection to .*but the app's jobs live in/],
      [memory, /given a connection to :memory:/],
      [closed, /given a closed connection/],
      [pretender, /needs a Database of the better-sqlite3 that celeriac itself loads/],
      [null, /needs a Database/],
      [undefined, /needs a Database/],
    ]
    for (const [connection, message] of cases) {
      assert.throws(() => add.within(connection as never).delay(1, 2), {
        name: 'ForeignConnection',
        code: 'FOREIGN_CONNECTION',
        message,
      })
    }
    assert.deepEqual(tables(elsewhere), [])
    elsewhere.close()
    memory.close()
  })
})

describe('within a transaction on a file that has no tables yet', () => {
  test('the tables come and go with the transaction, and the next one makes them again', async () => {
    const database = freshDatabase()
    const db = new Database(database)
    const { app, add } = openApp({ database })
    await using _ = app
    db.exec('CREATE TABLE users (name TEXT)')
    db.exec('BEGIN IMMEDIATE')
    const lost = add.within(db).delay(1, 1)
    assert.notDeepEqual(tables(db), [])
    db.exec('ROLLBACK')
    assert.deepEqual(tables(db), [])

    const kept = db.transaction(() => add.within(db).delay(2, 2)).immediate()
    const again = db.transaction(() => add.within(db).delay(3, 3)).immediate()
    await app.start()
    assert.deepEqual([await resultOf(kept), await resultOf(again)], [4, 6])
    assert.equal(await lost.exists(), false)
    await app.stop()
    db.close()
  })
})
