import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { Presence, PresenceProbe, presencePath } from '../../lib/store/presence.ts'
import { freshDatabase } from '../fixtures/folder.ts'
import { openFiles } from '../torture/open-files.ts'

function emptyDatabase(): string {
  const database = freshDatabase()
  writeFileSync(database, '', { mode: 0o600 })
  return database
}

test('a probe sees by the lock whether its owner lives', () => {
  const database = emptyDatabase()
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
  const database = emptyDatabase()
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

test('a look fails for nothing while another process removes what a dead one has left', async () => {
  const database = emptyDatabase()
  const path = presencePath(database, 'one')
  const ending = new Int32Array(new SharedArrayBuffer(4))
  const tidying = new Worker(
    `const { parentPort, workerData: { path, ending } } = require('node:worker_threads')
    const { rmSync, writeFileSync } = require('node:fs')
    parentPort.postMessage('begun')
    while (Atomics.load(ending, 0) === 0) {
      writeFileSync(path, '')
      rmSync(path)
    }`,
    { eval: true, workerData: { path, ending } },
  )
  const ended = new Promise((resolve) => tidying.once('exit', resolve))
  await new Promise((resolve) => tidying.once('message', resolve))
  try {
    for (let look = 0; look < 3_000; look++) {
      const probe = new PresenceProbe(database, 'one')
      // Made anew between two looks at it, it may be one that could not be opened.
      probe.alive()
      probe.close()
    }
  } finally {
    Atomics.store(ending, 0, 1)
    await ended
  }
  assert.deepEqual(readdirSync(dirname(database)), ['jobs.db'])
})

test('a process whose file may not be opened is not taken for dead', () => {
  const database = emptyDatabase()
  mkdirSync(presencePath(database, 'one'))
  const probe = new PresenceProbe(database, 'one')
  assert.equal(probe.alive(), true)
  probe.close()
})

test('whoever may open the database may open the presence file', {
  skip: process.platform === 'win32' ? 'Windows knows no such modes' : false,
}, () => {
  const database = emptyDatabase()
  for (const mode of [0o600, 0o660, 0o664]) {
    chmodSync(database, mode)
    const presence = new Presence(database, 'one')
    assert.equal(statSync(presencePath(database, 'one')).mode & 0o777, mode)
    presence.end()
  }
})
