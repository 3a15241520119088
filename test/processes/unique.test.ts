/** One job of a key, whichever of several processes asks for it. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import Database from 'better-sqlite3'
import type { CallOptions } from 'celeriac'
import { freshDatabase } from '../fixtures/folder.ts'
import { Journal } from '../fixtures/journal.ts'
import { Peer } from '../fixtures/peer.ts'
import { openApp } from '../fixtures/tasks.ts'
import { until } from '../fixtures/until.ts'

const KEYS = 300

describe('two processes that ask for the same keys at the same time', () => {
  test('store one job of each, told to both, and none is lost', async () => {
    const database = freshDatabase()
    const peers = [new Peer({ database }), new Peer({ database })]
    await Promise.all(peers.map((peer) => peer.call('state', 'wakes it up')))
    const journal = new Journal()
    const ask = (peer: Peer, key: number): Promise<string> =>
      peer.call('delay', 'note', [journal.path, `key ${key}`], { unique: { key: `${key}` } })
    const forward = Array.from({ length: KEYS }, (_, key) => key)
    const [one, two] = await Promise.all([
      Promise.all(forward.map((key) => ask(peers[0]!, key))),
      Promise.all(forward.toReversed().map((key) => ask(peers[1]!, key))),
    ])
    assert.deepEqual(two.toReversed(), one)
    assert.equal(new Set(one).size, KEYS)
    const once = new Journal()
    const follow = async (options: CallOptions, word: string): Promise<string[]> => {
      const ids: string[] = []
      for (const peer of [...peers, ...peers]) {
        const args: string[] = [once.path, `${word} ${ids.length}`]
        ids.push(await peer.call('delay', 'note', args, options))
      }
      return ids
    }
    const debounced = await follow({ debounce: { key: 'd', delay: '1s' } }, 'debounced')
    const throttled = await follow({ throttle: { key: 't', every: '1h' } }, 'throttled')
    assert.deepEqual([new Set(debounced).size, new Set(throttled).size], [1, 1])
    await Promise.all(peers.map((peer) => peer.call('start')))
    await until(() => once.lines().length >= 2, 'the last call of one, and the first of the other')
    assert.deepEqual(once.lines().toSorted(), ['debounced 3', 'throttled 0'])
    await until(() => journal.lines().length >= KEYS, 'all keys')
    for (const id of one) await peers[0]!.call('get', id)
    assert.deepEqual(journal.lines().toSorted(), forward.map((key) => `key ${key}`).toSorted())
    for (const peer of peers) assert.equal(await peer.leave(), 0)
  })

  test('store it again only when it has ended, while both run and ask', async () => {
    const database = freshDatabase()
    const peers = [new Peer({ database, concurrency: 2 }), new Peer({ database, concurrency: 2 })]
    await Promise.all(peers.map((peer) => peer.call('start')))
    const journal = new Journal()
    const ids = new Set<string>()
    const ask = async (peer: Peer): Promise<void> => {
      for (let i = 0; i < 60; i++) {
        const line = `key ${i % 3}`
        const id = await peer.call('delay', 'takeTime', [journal.path, line, 5], { unique: { key: line } })
        ids.add(id)
        if (i % 2 === 0) await peer.call('get', id)
      }
    }
    await Promise.all(peers.map(ask))
    for (const id of ids) await peers[0]!.call('get', id)
    const running = new Set<string>()
    for (const line of journal.lines()) {
      const key = line.slice(0, 5)
      if (line.endsWith('began')) assert.ok(!running.has(key), `${key} runs twice`)
      if (line.endsWith('began')) running.add(key)
      else running.delete(key)
    }
    assert.equal(journal.lines().length, ids.size * 2)
    for (const peer of peers) assert.equal(await peer.leave(), 0)
  })

  test('keep the key of one that is killed while it runs, until the job has ended elsewhere', async () => {
    const database = freshDatabase()
    const [doomed, other] = [new Peer({ database }), new Peer({ database })]
    await doomed.call('start')
    const journal = new Journal()
    const options = { unique: { key: 'orphan' } }
    const id = await doomed.call('delay', 'hold', [journal.path, 'held'], options)
    await journal.has('held began')
    await doomed.kill()
    assert.equal(await other.call('delay', 'hold', [journal.path, 'held'], options), id)
    await other.call('start')
    await journal.has('held began', 2)
    assert.equal(await other.call('delay', 'hold', [journal.path, 'held'], options), id)
    journal.open()
    assert.equal(await other.call('get', id), 'held')
    assert.notEqual(await other.call('delay', 'hold', [journal.path, 'held'], options), id)
    assert.equal(await other.leave(), 0)
  })

  test('lose none when one of them is killed in the midst of its calls', async () => {
    const database = freshDatabase()
    const journal = new Journal()
    const [doomed, other] = [new Peer({ database }), new Peer({ database })]
    await Promise.all([doomed, other].map((peer) => peer.call('state', 'wakes it up')))
    const told = new Map<number, string>()
    const ask = (peer: Peer, key: number): Promise<void> =>
      peer.call('delay', 'note', [journal.path, `key ${key}`], { unique: { key: `${key}` } }).then((id) => {
        assert.equal(told.get(key) ?? id, id, `key ${key}`)
        told.set(key, id)
      })
    const calls = Array.from({ length: KEYS }, (_, key) => ask(doomed, key).catch(() => {}))
    await until(() => told.size > 20, 'the first answers')
    await doomed.kill()
    await Promise.all(calls)
    for (let key = 0; key < KEYS; key++) await ask(other, key)
    const db = new Database(database)
    assert.equal(db.prepare('SELECT count(*) FROM celeriac_jobs').pluck().get(), KEYS)
    assert.deepEqual(new Set(db.prepare('SELECT id FROM celeriac_jobs').pluck().all()), new Set(told.values()))
    db.close()
    const { app } = openApp({ database })
    await using _ = app
    await app.start()
    await until(() => journal.lines().length >= KEYS, 'all keys')
    assert.equal(new Set(journal.lines()).size, KEYS)
    assert.equal(await other.leave(), 0)
  })
})
