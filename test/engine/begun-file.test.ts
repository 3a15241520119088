import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { BegunWriter, begunPath, createBegunFile, readBegunFile } from '../../lib/wire/begun-file.ts'
import { BEGUN_RING } from '../../lib/wire/messages.ts'

describe('begun file', () => {
  let folder: string
  let path: string

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'celeriac-begun-'))
    const database = join(folder, 'jobs.db')
    writeFileSync(database, '', { mode: 0o600 })
    path = begunPath(database, 'key')
    createBegunFile(path, database)
  })

  afterEach(() => {
    rmSync(folder, { recursive: true, force: true })
  })

  const write = (slot: number, entries: [position: number, token: number][]): void => {
    const writer = new BegunWriter(path, slot)
    for (const [position, token] of entries) writer.write(position, token)
    writer.close()
  }

  it('tells what was begun, and what each slot began last', () => {
    write(0, [
      [0, 100],
      [1, 103],
    ])
    write(2, [[7, 101]])
    const begun = readBegunFile(path)
    assert.deepEqual([...(begun?.tokens.keys() ?? [])].sort(), [100, 101, 103])
    assert.deepEqual([...(begun?.last ?? [])].sort(), [101, 103])
  })

  it('knows nothing of a slot that began nothing', () => {
    const begun = readBegunFile(path)
    assert.deepEqual([begun?.tokens.size, begun?.last.size], [0, 0])
  })

  it('keeps the latest of a ring that went round', () => {
    write(
      1,
      Array.from({ length: BEGUN_RING + 10 }, (_, i): [number, number] => [i, i + 1]),
    )
    const begun = readBegunFile(path)
    assert.equal(begun?.tokens.size, BEGUN_RING)
    assert.equal(begun?.tokens.has(1), false)
    assert.deepEqual([...(begun?.last ?? [])], [BEGUN_RING + 10])
  })

  it('is null when the file is missing, and readable when it was cut short', () => {
    write(0, [
      [0, 5],
      [1, 6],
    ])
    truncateSync(path, 20)
    assert.deepEqual([...(readBegunFile(path)?.tokens.keys() ?? [])], [5])
    rmSync(path)
    assert.equal(readBegunFile(path), null)
  })

  it('fails no job because its disk takes no more', {
    skip: !existsSync('/dev/full') && 'there is no /dev/full',
  }, () => {
    const writer = new BegunWriter('/dev/full', 0)
    writer.write(0, 1)
    writer.close()
  })

  it('is readable by those who may read the database', () => {
    assert.equal(statSync(path).mode & 0o777, 0o600)
    const database = join(folder, 'jobs.db')
    chmodSync(database, 0o660)
    createBegunFile(begunPath(database, 'other'), database)
    assert.equal(statSync(begunPath(database, 'other')).mode & 0o777, 0o660)
  })
})
