/** The kernel's notices of commits, which a quiet process relies on instead of looking. */
import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { test } from 'node:test'
import Database from 'better-sqlite3'
import { CommitWatch } from '../../lib/engine/commit-watch.ts'
import { freshDatabase } from '../fixtures/folder.ts'
import { until } from '../fixtures/until.ts'

test('a watch is relied on once a write was heard of, and hears of the first one after each opening', async () => {
  const path = freshDatabase()
  const db = new Database(path)
  db.exec('PRAGMA journal_mode = WAL; CREATE TABLE t (a)')
  const write = db.prepare('INSERT INTO t VALUES (?)')
  let heard = 0
  const watch = new CommitWatch(`${path}-wal`, () => heard++)
  watch.open()
  watch.open()
  assert.equal(watch.listening, false, 'some file systems send no notices')
  write.run(1)
  if (process.platform === 'linux') {
    for (const notices of [1, 2]) {
      await until(() => heard === notices, 'the notice of a write')
      assert.equal(watch.listening, false, 'closed by the notice')
      watch.open()
      assert.equal(watch.listening, true)
      for (let i = 0; i < 100; i++) write.run(i)
    }
    await until(() => heard === 3, 'the notice of many writes')
  }
  watch.close()
  assert.equal(watch.listening, false)
  db.close()
})

test('where nothing can be watched it is not relied on, and a missing file is tried again', async () => {
  const path = freshDatabase()
  const watch = new CommitWatch(`${path}-wal`, () => {})
  watch.open()
  assert.equal(watch.listening, false)
  const db = new Database(path)
  db.exec('PRAGMA journal_mode = WAL; CREATE TABLE t (a)')
  watch.open()
  db.exec('INSERT INTO t VALUES (1)')
  if (process.platform === 'linux') {
    await until(() => {
      watch.open()
      return watch.listening
    }, 'a notice')
  }
  watch.close()
  db.close()
  rmSync(path)
})
