/** Care of the file: copies, examination, free space, pruning by hand, the write-ahead log under a reader that stays. */
import assert from 'node:assert/strict'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmdirSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { test } from 'node:test'
import Database from 'better-sqlite3'
import { backup, type Diagnosis, doctor, prune, vacuum } from 'celeriac'
import { resultOf } from '../fixtures/calls.ts'
import { freshDatabase } from '../fixtures/folder.ts'
import { openApp } from '../fixtures/tasks.ts'
import { until } from '../fixtures/until.ts'

const wrong = ({ findings }: Diagnosis) =>
  findings.flatMap(({ check, level, said }) => (level === 'ok' ? [] : [`${check}: ${said}`]))

/** A file with finished jobs, and no app on it. */
async function usedFile(jobs = 20): Promise<string> {
  const database = freshDatabase()
  const { app, add } = openApp({ database })
  await app.start()
  for (const handle of await add.delayMany(Array.from({ length: jobs }, (_, i): [number, number] => [i, 1])))
    await resultOf(handle)
  await app.stop()
  return database
}

test('a backup made under load is whole, private, and runs on', async () => {
  const database = freshDatabase()
  const copy = `${database}.copy`
  const { app, add } = openApp({ database })
  await using _ = app
  await app.start()
  const before = await add.delayMany(Array.from({ length: 500 }, (_, i): [number, number] => [i, 1]))
  let on = true
  const load = (async () => {
    while (on) await add.delay(1, 1)
  })()
  const report = await app.backup(copy)
  on = false
  await load
  assert.equal(report.path, copy)
  assert.equal(statSync(copy).mode & 0o777, 0o600)
  assert.equal(statSync(copy).size, report.bytes)
  assert.deepEqual(
    readdirSync(dirname(copy)).filter((name) => name.includes('.part')),
    [],
  )
  await assert.rejects(app.backup(copy), { code: 'BACKUP_EXISTS' })

  const diagnosis = await doctor(copy, { tasks: ['add'] })
  assert.ok(diagnosis.healthy, JSON.stringify(diagnosis.findings))
  const restored = openApp({ database: copy })
  await restored.app.start()
  for (const [i, handle] of before.entries()) assert.equal(await resultOf(restored.app.result(handle.id)), i + 1)
  await restored.app.stop()
  assert.deepEqual(wrong(await doctor(copy, { tasks: ['add'] })), [])
})

test('a backup that its folder does not allow is refused with a code, and leaves nothing under its name', async () => {
  const database = await usedFile(1)
  const copy = `${database}.copy`
  mkdirSync(`${copy}.part`)
  await assert.rejects(backup(database, copy), {
    code: 'STORAGE_FAILED',
    message: new RegExp(`writing ${copy} failed`),
  })
  assert.ok(!existsSync(copy))
  rmdirSync(`${copy}.part`)
  await backup(database, copy)
})

test('the doctor finds nothing wrong with a file that an app uses, nor with one that it left', async () => {
  const database = freshDatabase()
  const { app, add } = openApp({ database })
  await app.start()
  await resultOf(await add.delay(1, 2))
  const healthy = await app.doctor()
  assert.deepEqual(wrong(healthy), [])
  assert.ok(healthy.healthy && healthy.findings.length >= 8)
  assert.deepEqual(new Set(healthy.findings.map(({ fix }) => fix)), new Set([null]))
  await app.stop()
  assert.deepEqual(wrong(await doctor(database)), [])
})

test('the doctor says what is wrong and how to mend it', async () => {
  const finds = async (path: string, check: string, fix: RegExp, options = {}): Promise<void> => {
    const { findings } = await doctor(path, options)
    const found = findings.find((one) => one.check === check && one.level !== 'ok')
    assert.ok(found, `${check} is among ${JSON.stringify(findings)}`)
    assert.match(found.fix ?? '', fix)
  }
  const database = await usedFile()
  const copyOf = (name: string, change?: string): string => {
    const path = `${database}.${name}`
    copyFileSync(database, path)
    chmodSync(path, 0o600)
    if (change === undefined) return path
    const db = new Database(path)
    db.exec(change)
    db.close()
    return path
  }
  await finds(`${database}.none`, 'file', /the path that the app uses/)
  const open = copyOf('open')
  chmodSync(open, 0o644)
  await finds(open, 'permissions', /^chmod 600 /)
  const words = `${database}.words`
  writeFileSync(words, 'no database'.repeat(1_000))
  await finds(words, 'file', /restore a backup/)
  const foreign = `${database}.foreign`
  new Database(foreign).exec('CREATE TABLE users (id)').close()
  await finds(foreign, 'schema', /start the app once/)
  await finds(copyOf('new', "UPDATE celeriac_meta SET value = 99 WHERE key = 'schema_version'"), 'schema', /upgrade/)
  await finds(copyOf('index', 'DROP INDEX celeriac_jobs_ready'), 'schema', /^run: CREATE INDEX celeriac_jobs_ready/)
  await finds(copyOf('rows', 'DELETE FROM celeriac_jobs WHERE seq = 1'), 'counters', /^UPDATE celeriac_counts/)
  await finds(
    copyOf('logs', "INSERT INTO celeriac_logs (id, lines) VALUES (999 << 22, '[]')"),
    'orphans',
    /^DELETE FROM celeriac_logs/,
  )
  const running =
    "UPDATE celeriac_jobs SET state = 'PENDING' WHERE seq = 1; INSERT INTO celeriac_claims (seq, owner, token, started_at) VALUES (1, 99, 1, 0)"
  await finds(copyOf('stray', running), 'orphans', /start the app/)
  await finds(
    copyOf('idle', 'INSERT INTO celeriac_claims (seq, owner, token, started_at) VALUES (999, 99, 1, 0)'),
    'orphans',
    /^DELETE FROM celeriac_claims/,
  )
  await finds(
    copyOf('waiting', "UPDATE celeriac_jobs SET state = 'PENDING', task = 'gone' WHERE seq = 1"),
    'tasks',
    /^declare "gone"/,
    { tasks: ['add'] },
  )
  const torn = copyOf('torn')
  const bytes = new Uint8Array(4_096 * 3).fill(0xa5)
  const { writeSync, openSync, closeSync } = await import('node:fs')
  const file = openSync(torn, 'r+')
  writeSync(file, bytes, 0, bytes.length, 4_096 * 2)
  closeSync(file)
  const damaged = await doctor(torn)
  assert.equal(damaged.healthy, false)
  assert.ok(damaged.findings.some(({ level, fix }) => level === 'error' && /backup/.test(fix ?? '')))
})

test('free space is handed back, step by step in a file of ours, by a rewrite in any other', async () => {
  const database = await usedFile(3_000)
  assert.equal(await prune(database, { success: { age: 'forever', count: 10 } }), 2_990)
  assert.deepEqual(wrong(await doctor(database)), [])
  const { bytesBefore, bytesAfter } = await vacuum(database)
  assert.ok(bytesAfter < bytesBefore / 2, `${bytesBefore} → ${bytesAfter}`)

  const foreign = freshDatabase()
  new Database(foreign).exec('CREATE TABLE own (text); INSERT INTO own VALUES (1)').close()
  const { app, add } = openApp({ database: foreign })
  await app.start()
  await add.delayMany(
    Array.from({ length: 3_000 }, (): [number, number] => [1, 1]),
    { countdown: '1h' },
  )
  await app.control.purge('default')
  await app.stop()
  assert.ok((await prune(foreign, { revoked: '0ms' })) > 0)
  const small = await vacuum(foreign)
  const full = await vacuum(foreign, { full: true })
  assert.ok(full.bytesAfter < small.bytesAfter / 2, JSON.stringify({ small, full }))
})

test('what is no file of celeriac is left alone', async () => {
  const database = freshDatabase()
  for (const call of [() => backup(database, `${database}.copy`), () => vacuum(database), () => prune(database)])
    await assert.rejects(call(), { code: 'DATABASE_UNAVAILABLE' })
  assert.ok(!existsSync(database) && !existsSync(`${database}.copy`))
  const db = new Database(database)
  db.exec('CREATE TABLE celery (id)')
  db.close()
  for (const call of [() => backup(database, `${database}.copy`), () => vacuum(database), () => prune(database)])
    await assert.rejects(call(), { code: 'DATABASE_FOREIGN' })
  assert.ok(!existsSync(`${database}.copy`) && !existsSync(`${database}.copy.part`))
})

test('a reader that stays makes the log grow, which is said, and when it leaves the log shrinks', async () => {
  const database = freshDatabase()
  const warnings: string[] = []
  const quiet = (): void => {}
  const { app, add } = openApp({
    database,
    logger: { debug: quiet, info: quiet, error: quiet, warn: (message) => void warnings.push(message) },
  })
  await using _ = app
  await add.delay(1, 1)
  const reader = new Database(database, { readonly: true })
  const rows = reader.prepare('SELECT seq FROM celeriac_jobs').iterate()
  rows.next()
  const filling = 'x'.repeat(1_000_000)
  const fill = (): Promise<unknown> => add.applyAsync([1, 1], { headers: { filling }, countdown: '1h' })
  const walBytes = (): number => statSync(`${database}-wal`).size
  await until(async () => {
    await fill()
    return warnings.some((message) => /write-ahead log of .* holds \d+ MB .* read transaction/.test(message))
  }, 'the warning')
  assert.ok(walBytes() > 64 * 1_048_576)
  assert.equal(warnings.length, 1, 'it is said once')
  // Others look on meanwhile, so that at every moment a read transaction is open, though each soon ends.
  const turns = [0, 1].map((i) => {
    const db = new Database(database, { readonly: true })
    const turn = (): void => {
      if (db.inTransaction) db.exec('COMMIT')
      db.exec('BEGIN')
      db.prepare('SELECT count(*) FROM celeriac_counts').get()
    }
    setTimeout(turn, i * 40)
    return { db, timer: setInterval(turn, 80) }
  })
  await fill()
  rows.return?.()
  reader.close()
  await until(() => walBytes() <= 64 * 1_048_576, 'the log to shrink, though nobody writes')
  for (const { db, timer } of turns) {
    clearInterval(timer)
    db.close()
  }
})
