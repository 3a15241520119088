import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { Presence, PresenceProbe, presencePath } from '../../lib/store/presence.ts'
import { temporaryFolder } from '../fixtures/folder.ts'
import { openFiles } from '../torture/open-files.ts'

test('a probe sees by the lock whether its owner lives', () => {
  const database = join(temporaryFolder(), 'jobs.db')
  const probe = new PresenceProbe(database, 'one')
  assert.equal(probe.alive(), false, 'before there is a file')
  const presence = new Presence(database, 'one')
  assert.equal(probe.alive(), true)
  assert.equal(probe.alive(), true)
  presence.end()
  assert.equal(probe.alive(), false)
  probe.close()
})

test('a probe opens the file once, however often it looks', {
  skip: existsSync('/proc/self/fd') ? false : 'open files are counted in /proc, which this system does not have',
}, () => {
  const database = join(temporaryFolder(), 'jobs.db')
  const presence = new Presence(database, 'one')
  const probe = new PresenceProbe(database, 'one')
  const path = presencePath(database, 'one')
  const timesOpen = (): number => openFiles('self', (open) => open === path)
  const own = timesOpen()
  for (let look = 0; look < 20; look++) assert.equal(probe.alive(), true)
  assert.equal(timesOpen(), own + 1)
  probe.close()
  presence.end()
})
