/** What a dead process leaves: its files, and its places of rates. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { readdirSync, utimesSync } from 'node:fs'
import { dirname } from 'node:path'
import { test } from 'node:test'
import { Rescuer } from '../../lib/engine/rescuer.ts'
import { Presence, presencePath } from '../../lib/store/presence.ts'
import { Store } from '../../lib/store/store.ts'
import { begunPath, createBegunFile } from '../../lib/wire/begun-file.ts'
import { freshDatabase } from '../fixtures/folder.ts'

test('files are cleared away at once when their process had a row, after a minute when it never had one', () => {
  const database = freshDatabase()
  const store = new Store(database, 'normal')
  const row = { app: 'app', host: 'host', pid: 1, role: 'all', threads: 1, tasks: [], vitals: {} as never }
  /** A process's two files, as if its lock had been freed by its death. */
  const files = (key: string): void => {
    createBegunFile(presencePath(database, key), database)
    createBegunFile(begunPath(database, key), database)
  }
  const registered = (): { key: string; id: number } => {
    const key = randomUUID()
    return { key, id: store.write(() => store.processes.register({ key, ...row }, 1)) }
  }
  const [rescued, notYet, taken, beginning, stale] = [
    registered(),
    registered(),
    registered(),
    randomUUID(),
    randomUUID(),
  ]
  const present = new Presence(database, taken.key)
  for (const key of [rescued.key, notYet.key, beginning, stale]) files(key)
  // Whoever rescued it died before it removed the files.
  store.write(() => store.processes.remove(rescued.id))
  // Taken for hung, it holds its lock nevertheless.
  store.write(() => store.processes.remove(taken.id))
  const now = Date.now()
  for (const path of [presencePath(database, stale), begunPath(database, stale)]) {
    utimesSync(path, now / 1_000 - 61, now / 1_000 - 61)
  }
  try {
    new Rescuer(store, new Map()).sweep(now)
    const left = new Set(readdirSync(dirname(database)).flatMap((name) => /^jobs\.db\.(.{36})\./.exec(name)?.[1] ?? []))
    assert.deepEqual(left, new Set([notYet.key, taken.key, beginning]))
  } finally {
    present.end()
    store.close()
  }
})
