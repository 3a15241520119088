/** Databases that cannot be used: the typed error, out of the first delay() and out of start(), and the file as it was. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, test } from 'node:test'
import Database from 'better-sqlite3'
import type { CeleriacError } from 'celeriac'
import { resultOf } from '../fixtures/calls.ts'
import { freshDatabase, temporaryFolder } from '../fixtures/folder.ts'
import { Program } from '../fixtures/program.ts'
import { openApp } from '../fixtures/tasks.ts'

const hash = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex')

/** What delay() and start() say of a file. */
async function refusals(database: string): Promise<CeleriacError[]> {
  const { app, add } = openApp({ database })
  await using _ = app
  const errors: CeleriacError[] = []
  for (const call of [() => add.delay(1, 2), () => app.start()]) {
    await assert.rejects(call(), (error: CeleriacError) => {
      errors.push(error)
      return true
    })
  }
  return errors
}

/** Root may write anything, so it tries without that right; where that cannot be taken away, as another user. */
function asOneWhoMayNot(database: string): Program {
  if (process.getuid?.() !== 0) return new Program('database-program', [database])
  const command = ['setpriv', '--bounding-set', '-dac_override,-dac_read_search']
  const bounded = spawnSync('setpriv', [...command.slice(1), 'true']).status === 0
  return bounded
    ? new Program('database-program', [database], { command })
    : new Program('database-program', [database, '65534'])
}

/** A file of ours with a job in it. */
async function usedDatabase(): Promise<string> {
  const database = freshDatabase()
  const { app, add } = openApp({ database })
  await add.delay(1, 2)
  await app.stop()
  return database
}

describe('a file that is refused', () => {
  test('because it is no SQLite database stays untouched', async () => {
    const database = freshDatabase()
    writeFileSync(database, 'name,price\n'.repeat(1_000))
    const before = hash(database)
    for (const { name, code, message } of await refusals(database)) {
      assert.deepEqual([name, code], ['DatabaseForeign', 'DATABASE_FOREIGN'])
      assert.ok(message.includes(`${database} is not an SQLite database`))
    }
    assert.equal(hash(database), before)
    assert.deepEqual(readdirSync(dirname(database)), ['jobs.db'])
  })

  test('because a newer version wrote it stays untouched', async () => {
    const database = await usedDatabase()
    const db = new Database(database)
    db.prepare("UPDATE celeriac_meta SET value = 999 WHERE key = 'schema_version'").run()
    db.pragma('journal_mode = DELETE')
    db.close()
    const before = hash(database)
    for (const { name, code, message } of await refusals(database)) {
      assert.deepEqual([name, code], ['DatabaseTooNew', 'DATABASE_TOO_NEW'])
      assert.match(message, /has schema version 999 and this celeriac knows \d+ — upgrade celeriac/)
    }
    assert.equal(hash(database), before)
  })

  test('because it is damaged is kept', async () => {
    const database = await usedDatabase()
    const bytes = readFileSync(database)
    bytes.fill(0xab, 100, 4_000)
    writeFileSync(database, bytes)
    const before = hash(database)
    for (const { name, code, message } of await refusals(database)) {
      assert.deepEqual([name, code], ['DatabaseCorrupt', 'DATABASE_CORRUPT'])
      assert.match(message, /is damaged \(SQLITE_CORRUPT/)
    }
    assert.equal(hash(database), before)
  })

  test('because it is a folder, or lies below a file', async () => {
    const folder = temporaryFolder()
    const file = join(folder, 'file')
    writeFileSync(file, '')
    for (const path of [folder, join(file, 'jobs.db')]) {
      for (const { code, message } of await refusals(path)) {
        assert.equal(code, 'DATABASE_UNAVAILABLE')
        assert.ok(message.startsWith(`${path} cannot be opened`), message)
      }
    }
  })

  test('because another connection holds it', async () => {
    const database = freshDatabase()
    const db = new Database(database)
    db.exec('CREATE TABLE theirs (x)')
    db.close()
    const holder = new Program('lock-program', [database, 'BEGIN EXCLUSIVE'])
    await holder.says('locked')
    const { app, add } = openApp({ database })
    await using _ = app
    const refused = await Promise.allSettled([add.delay(1, 2), app.start()])
    for (const settled of refused) {
      const { name, code, message } = (settled as PromiseRejectedResult).reason as CeleriacError
      assert.deepEqual([name, code], ['DatabaseLocked', 'DATABASE_LOCKED'])
      assert.match(message, /is locked by another connection \(SQLITE_BUSY\)/)
    }
    assert.equal(await holder.ended(), 0)
    await app.start()
    assert.equal(await resultOf(await add.delay(1, 2)), 3)
  })

  for (const [what, prepare] of [
    ['its folder cannot be written', (folder: string) => chmodSync(folder, 0o555)],
    ['it cannot be written', (folder: string) => [chmodSync(join(folder, 'jobs.db'), 0o444), chmodSync(folder, 0o555)]],
  ] as const) {
    test(`because ${what}`, async () => {
      const database = what === 'it cannot be written' ? await usedDatabase() : freshDatabase()
      const folder = dirname(database)
      prepare(folder)
      const program = asOneWhoMayNot(database)
      assert.equal(await program.ended(), 0, program.output)
      const { delayed, started } = JSON.parse(program.output.trim().split('\n').at(-1)!) as Record<string, string>
      for (const said of [delayed, started]) {
        assert.match(
          said!,
          /^DATABASE_READ_ONLY: .* cannot be written \((EACCES|SQLITE_READONLY.*|SQLITE_CANTOPEN)\) — give this user/,
        )
      }
      chmodSync(folder, 0o755)
      assert.deepEqual(readdirSync(folder), what === 'it cannot be written' ? ['jobs.db'] : [])
    })
  }
})

test('a lock that ends in time is waited for', async () => {
  const database = await usedDatabase()
  const holder = new Program('lock-program', [database, 'BEGIN IMMEDIATE'])
  await holder.says('locked')
  const { app, add } = openApp({ database })
  await using _ = app
  const starting = app.start()
  const storing = add.delay(20, 22)
  const state = await Promise.race([storing, app.result('x').state()])
  assert.equal(state, null, 'reading needs no lock')
  assert.equal(await holder.ended(), 0)
  await starting
  assert.equal(await resultOf(await storing), 42)
})

test('a database in folders that do not exist is made, for its owner only', async () => {
  const folder = temporaryFolder()
  const database = join(folder, 'var', 'lib', 'jobs.db')
  const previous = process.umask(0)
  const { app, add } = openApp({ database })
  await using _ = app
  try {
    await app.start()
    assert.equal(await resultOf(await add.delay(1, 2)), 3)
    for (const file of readdirSync(dirname(database))) {
      const { mode } = statSync(join(dirname(database), file))
      assert.equal((mode & 0o777).toString(8), '600', file)
    }
    assert.ok(existsSync(`${database}-wal`))
  } finally {
    process.umask(previous)
  }
})

test('a path through a link leads to the same jobs', async () => {
  const database = freshDatabase()
  const link = join(temporaryFolder(), 'link.db')
  mkdirSync(dirname(link), { recursive: true })
  writeFileSync(database, '')
  symlinkSync(database, link)
  const [one, two] = [openApp({ database }), openApp({ database: link })]
  await using first = one.app
  await using second = two.app
  const handle = await two.add.delay(1, 2)
  await first.start()
  assert.equal(await resultOf(second.result(handle.id)), 3)
  const db = new Database(link)
  assert.equal(await resultOf(one.add.within(db).delay(2, 2)), 4)
  db.close()
})
