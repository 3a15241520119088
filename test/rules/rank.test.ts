/** The order of claims: by priority, then first in, first out, and nobody starves. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { HEAD_START, rankOf } from '../../lib/domain/rank.ts'

const at = fc.integer({ min: 0, max: 4_000_000_000_000 })
const priority = fc.integer({ min: 0, max: 9 })

test('first in, first out within a priority', () => {
  fc.assert(
    fc.property(at, at, priority, (a, b, p) => assert.equal(Math.sign(rankOf(a, p) - rankOf(b, p)), Math.sign(a - b))),
  )
})

test('higher first among jobs of the same hour, and an hour a level makes up for it', () => {
  fc.assert(
    fc.property(
      at,
      fc.integer({ min: 1 - HEAD_START, max: HEAD_START - 1 }),
      priority,
      priority,
      (due, later, p, q) => {
        if (p !== q) assert.equal(rankOf(due, p) < rankOf(due + later, q), p > q)
        assert.equal(rankOf(due, p), rankOf(due - (p - q) * HEAD_START, q))
      },
    ),
  )
})

test('is a whole number that SQLite and JavaScript keep exactly', () => {
  fc.assert(fc.property(at, priority, (due, p) => assert.ok(Number.isSafeInteger(rankOf(due, p)))))
})
