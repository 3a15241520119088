import assert from 'node:assert/strict'
import fs, { existsSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { test } from 'node:test'
import { backup } from '../../lib/store/care/backup.ts'
import { Store } from '../../lib/store/store.ts'
import { freshDatabase } from '../fixtures/folder.ts'

test('a file system without hard links takes a backup all the same, and never over another file', async (t) => {
  const database = freshDatabase()
  new Store(database, 'full').close()
  const { linkSync } = fs
  let standing = false
  t.after(() => {
    fs.linkSync = linkSync
    syncBuiltinESMExports()
  })
  fs.linkSync = (_part, target) => {
    if (standing) fs.writeFileSync(target, 'of somebody else')
    throw Object.assign(new Error('operation not permitted'), { code: 'EPERM' })
  }
  syncBuiltinESMExports()

  const { path, bytes } = await backup(database, `${database}.copy`)
  new Store(path, 'full').close()
  assert.ok(bytes > 0)

  standing = true
  await assert.rejects(backup(database, `${database}.second`), { code: 'BACKUP_EXISTS' })
  assert.equal(fs.readFileSync(`${database}.second`, 'utf8'), 'of somebody else')
  assert.ok(!existsSync(`${database}.second.part`))
})
