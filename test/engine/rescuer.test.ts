/** What a dead process leaves: its files, and its places of rates. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { readdirSync, utimesSync } from 'node:fs'
import { dirname } from 'node:path'
import { test } from 'node:test'
import { Rescuer } from '../../lib/engine/rescuer.ts'
import type { LaneJob } from '../../lib/pool/lane.ts'
import { Presence, presencePath } from '../../lib/store/presence.ts'
import type { ProcessRow } from '../../lib/store/processes.ts'
import { Store } from '../../lib/store/store.ts'
import { begunPath, createBegunFile } from '../../lib/wire/begun-file.ts'
import { freshDatabase } from '../fixtures/folder.ts'
import { VirtualProcess } from '../torture/model/process.ts'
import { T0, TASKS } from '../torture/model/setting.ts'

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

test('a begin that was told before its process died counts once against the rate', () => {
  const database = freshDatabase()
  const clock = { now: () => T0, monotonic: () => 0 }
  const [dead, living] = [new VirtualProcess(database, clock, 'dead'), new VirtualProcess(database, clock, 'living')]
  try {
    assert.equal(TASKS.rated?.rate, 2)
    const shape = { task: 'rated', queue: 'a', priority: 0, maxAttempts: 1, codec: 'json', options: null } as const
    const none = { runAt: null, expiresAt: null, parentId: null, rootId: null, chosen: false }
    dead.enqueue([{ ...shape, ...none, ids: ['first', 'second'], args: ['[]', '[]'] }])
    dead.settle(2)
    const [began, waited] = dead.held
    assert.deepEqual([began?.id, waited?.id], ['first', 'second'])
    dead.settler.began(began as LaneJob, T0)
    dead.settle()
    const row = living.store.processes.all().find(({ id }) => id === dead.owner) as ProcessRow
    living.rescue(row, { tokens: new Map([[(began as LaneJob).token, 1]]), last: new Set(), at: T0 })
    living.settle(2)
    assert.equal(living.held.length, 1, 'one of two has begun')
  } finally {
    dead.close()
    living.close()
  }
})
