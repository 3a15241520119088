import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { openBeside, openDatabase } from '../../lib/store/open.ts'
import { freshDatabase } from '../fixtures/folder.ts'

const FULL = 2
const NORMAL = 1

describe('synchronous', () => {
  const path = freshDatabase()

  it("is NORMAL on the engine's connection, which syncs what is promised by itself", () => {
    for (const opening of ['first', 'second', 'third']) {
      const db = openDatabase(path)
      assert.equal(db.pragma('synchronous', { simple: true }), NORMAL, opening)
      db.close()
    }
  })

  for (const [durability, level] of [
    ['full', FULL],
    ['normal', NORMAL],
  ] as const) {
    it(`is as the app asked on connections whose commits promise something themselves: ${durability}`, () => {
      const db = openBeside(path, durability)
      assert.equal(db.pragma('synchronous', { simple: true }), level)
      db.close()
    })
  }
})
