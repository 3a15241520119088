/** Commands that care for the file. */
import assert from 'node:assert/strict'
import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, test } from 'node:test'
import Database from 'better-sqlite3'
import { celeriac, json, shopOn } from '../fixtures/cli/command.ts'
import { freshDatabase, temporaryFolder } from '../fixtures/folder.ts'

const template = freshDatabase()

before(async () => {
  for (const args of [
    ['add', '1', '2'],
    ['add', '3', '4'],
    ['fail', 'no paper'],
  ])
    assert.equal((await celeriac('call', ...args, '-A', shopOn(template))).code, 0)
  assert.equal((await celeriac('worker', '--once', '-A', shopOn(template))).code, 0)
})

/** A file with two successes and a failure, and no live process. */
function filled(): string {
  const database = freshDatabase()
  copyFileSync(template, database)
  return database
}

test('doctor: a healthy file, and one that is none', async () => {
  const database = filled()
  const healthy = await celeriac('doctor', '--database', database)
  assert.deepEqual([healthy.code, healthy.stderr], [0, 'nothing is wrong\n'])
  assert.match(healthy.stdout, /^✔ integrity /m)
  const data = await json<{ path: string; healthy: boolean; findings: { check: string; level: string }[] }>([
    'doctor',
    '--database',
    database,
  ])
  assert.deepEqual([data.path, data.healthy], [database, true])
  assert.ok(data.findings.length >= 5)

  const notes = join(temporaryFolder(), 'notes.db')
  writeFileSync(notes, 'no database at all, but long enough to look like one\n'.repeat(50))
  const ill = await celeriac('doctor', '--database', notes)
  assert.equal(ill.code, 1)
  assert.match(`${ill.stdout}${ill.stderr}`, /is not an SQLite database/)
  assert.equal((await celeriac('doctor', '--database', join(temporaryFolder(), 'typo.db'))).code, 1)
})

test('doctor with the app knows which tasks it declares', async () => {
  const database = filled()
  await celeriac('call', 'nobody', '--database', database)
  const { stdout } = await celeriac('doctor', '-A', shopOn(database))
  assert.match(stdout, /^! \w+ +.*nobody.*\n +→ /m)
})

test('backup copies what is there, and writes over nothing', async () => {
  const database = filled()
  const copy = join(temporaryFolder(), 'copy.db')
  const { code, stdout } = await celeriac('backup', copy, '--database', database)
  assert.equal(code, 0)
  assert.match(stdout, new RegExp(`^${copy}  [\\d.]+ KiB\\n$`))
  assert.deepEqual(await json(['tasks', '--database', copy]), await json(['tasks', '--database', database]))
  assert.equal((await celeriac('doctor', '--database', copy)).code, 0)
  const bytes = readFileSync(copy)
  const again = await celeriac('backup', copy, '--database', database)
  assert.equal(again.code, 1)
  assert.match(again.stderr, /BACKUP_EXISTS/)
  assert.deepEqual(readFileSync(copy), bytes)
  const typo = join(temporaryFolder(), 'typo.db')
  assert.equal((await celeriac('backup', `${typo}.copy`, '--database', typo)).code, 1)
  assert.ok(!existsSync(`${typo}.copy`) && !existsSync(typo))
})

test('vacuum hands space back, and rewrites the file only with a yes', async () => {
  const database = filled()
  const report = await json<{ bytesBefore: number; bytesAfter: number }>(['vacuum', '--database', database])
  assert.ok(report.bytesAfter > 0 && report.bytesAfter <= report.bytesBefore)
  const asked = await celeriac('vacuum', '--full', '--database', database)
  assert.equal(asked.code, 2)
  assert.match(asked.stderr, /Rewrite the whole file\?/)
  const full = await celeriac('vacuum', '--full', '--yes', '--database', database)
  assert.equal(full.code, 0)
  assert.match(full.stdout, /^[\d.]+ KiB before, [\d.]+ KiB now\n$/)
})

test('prune deletes what is old enough, of the states named, with a yes', async () => {
  const database = filled()
  const db = new Database(database)
  db.exec('UPDATE celeriac_jobs SET enqueued_at = enqueued_at - 3600000, finished_at = finished_at - 3600000')
  db.close()
  const left = async (): Promise<string[]> =>
    (await json<{ state: string }[]>(['tasks', '--database', database])).map(({ state }) => state)
  const which = await celeriac('prune', '--database', database)
  assert.equal(which.code, 2)
  assert.match(which.stderr, /which jobs\? give --older-than/)
  const asked = await celeriac('prune', '--success', '1m', '--database', database)
  assert.equal(asked.code, 2)
  assert.match(asked.stderr, /Delete the jobs that have been SUCCESS for longer than 1m\?/)
  assert.deepEqual(await json(['prune', '--older-than', '2h', '--yes', '--database', database]), { pruned: 0 })
  assert.deepEqual(await left(), ['FAILURE', 'SUCCESS', 'SUCCESS'])
  assert.equal((await celeriac('prune', '--success', '1m', '-y', '--database', database)).stdout, '2 jobs deleted\n')
  assert.deepEqual(await left(), ['FAILURE'])
  assert.deepEqual(await json(['prune', '--older-than', '1m', '--yes', '--database', database]), { pruned: 1 })
})
