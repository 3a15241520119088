import assert from 'node:assert/strict'
import { beforeEach, describe, it } from 'node:test'
import { DiskSync } from '../../lib/engine/disk-sync.ts'
import type { Store } from '../../lib/store/store.ts'
import { until } from '../fixtures/until.ts'

/** A disk of which each sync is seen, and whose syncs aside end when the test says so. */
class Disk {
  readonly durable = true
  readonly path = 'jobs.db'
  readonly log: string[]
  /** How long a sync in this thread takes, in ms. */
  takes = 0
  broken = false
  readonly aside: ((error: Error | null) => void)[] = []

  constructor(log: string[]) {
    this.log = log
  }

  sync(): void {
    spend(this.takes)
    if (this.broken) throw new Error('EIO')
    this.log.push('sync')
  }

  syncAside(done: (error: Error | null) => void): void {
    this.log.push('sync begins')
    this.aside.push((error) => {
      spend(2)
      done(error)
    })
  }
}

function spend(milliseconds: number): void {
  const end = performance.now() + milliseconds
  while (performance.now() < end);
}

describe('what is promised is told once it is on the disk', () => {
  let log: string[]
  let disk: Disk
  let sync: DiskSync
  const say = (text: string) => sync.tell(() => void log.push(text))

  /** The disk takes long, which the last two syncs have shown. */
  const slowDown = (): void => {
    disk.takes = 3
    for (let i = 0; i < 2; i++) {
      sync.owe('now')
      sync.pay()
    }
    log.length = 0
  }

  beforeEach(() => {
    log = []
    disk = new Disk(log)
    sync = new DiskSync(
      disk as unknown as Store,
      () => void log.push('told'),
      (error) => void log.push((error as Error).name),
    )
  })

  it('in the order of the commits, one sync for all', () => {
    sync.owe('now')
    say('a')
    say('b')
    assert.deepEqual(log, [])
    sync.pay()
    assert.deepEqual(log, ['sync', 'a', 'b', 'told'])
  })

  it('and what promises nothing at once', () => {
    sync.owe(null)
    say('a')
    sync.pay()
    assert.deepEqual(log, ['a'])
  })

  it('but not before what was promised earlier', async () => {
    sync.owe('soon')
    say('a')
    sync.pay()
    say('b')
    assert.deepEqual(log, [])
    await until(() => log.length > 0, 'the sync that was due soon')
    assert.deepEqual(log, ['sync', 'a', 'b', 'told'])
  })

  it('what may wait goes with what may not', () => {
    sync.owe('soon')
    say('a')
    sync.pay()
    sync.owe('now')
    sync.owe('soon')
    say('b')
    sync.pay()
    assert.deepEqual(log, ['sync', 'a', 'b', 'told'])
  })

  it('a slow disk is waited for aside, and what is committed meanwhile waits for the next sync', () => {
    slowDown()
    sync.owe('now')
    say('a')
    sync.pay()
    sync.owe('now')
    say('b')
    sync.pay()
    say('c')
    assert.deepEqual(log, ['sync begins'])
    disk.aside[0]?.(null)
    assert.deepEqual(log, ['sync begins', 'a', 'told', 'sync begins'])
    disk.aside[1]?.(null)
    assert.deepEqual(log.slice(4), ['b', 'c', 'told'])
  })

  it('one slow sync is not a slow disk', () => {
    disk.takes = 3
    sync.owe('now')
    sync.pay()
    disk.takes = 0
    for (let i = 0; i < 2; i++) {
      sync.owe('now')
      sync.pay()
    }
    disk.takes = 3
    sync.owe('now')
    sync.pay()
    sync.owe('now')
    sync.pay()
    assert.deepEqual(log, ['sync', 'sync', 'sync', 'sync', 'sync'])
  })

  it('what promises nothing is told after a sync aside that was under way', () => {
    slowDown()
    sync.owe('now')
    say('a')
    sync.pay()
    say('b')
    disk.aside[0]?.(null)
    assert.deepEqual(log, ['sync begins', 'a', 'told', 'b', 'told'])
  })

  it('at the end everything is synced and told in this thread, also what another waits for', () => {
    slowDown()
    sync.owe('now')
    say('a')
    sync.pay()
    sync.owe('soon')
    say('b')
    sync.settle()
    assert.deepEqual(log, ['sync begins', 'sync', 'a', 'b', 'told'])
    disk.aside[0]?.(null)
    sync.settle()
    assert.deepEqual(log.slice(5), [])
  })

  it('nothing is told after the disk refused', () => {
    disk.broken = true
    sync.owe('now')
    say('a')
    sync.pay()
    say('b')
    assert.deepEqual(log, ['StorageFailed'])
  })

  it('nor after it refused aside', () => {
    slowDown()
    sync.owe('now')
    say('a')
    sync.pay()
    disk.aside[0]?.(new Error('EIO'))
    say('b')
    assert.deepEqual(log, ['sync begins', 'StorageFailed'])
  })
})
