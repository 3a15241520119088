import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { REDACTED, redact } from '../../lib/domain/redact.ts'

describe('redact', () => {
  const args = [
    { user: 'ada', password: 'x', card: { number: '4111', name: 'Ada' } },
    ['token', { token: 't' }],
    new Date(0),
  ]

  it('masks a path from the root', () => {
    assert.deepEqual(redact(args, ['0.password']), [{ ...(args[0] as object), password: REDACTED }, args[1], args[2]])
  })

  it('masks at any depth', () => {
    const shown = redact({ token: 1, deep: [{ a: { token: 2, kept: 3 } }] }, ['*.token'])
    assert.deepEqual(shown, { token: REDACTED, deep: [{ a: { token: REDACTED, kept: 3 } }] })
  })

  it('masks a longer path at any depth, and nothing beside it', () => {
    const shown = redact(args, ['*.card.number']) as { card: unknown; password: string }[]
    assert.deepEqual(shown[0]?.card, { number: REDACTED, name: 'Ada' })
    assert.equal(shown[0]?.password, 'x')
  })

  it('masks whole members, whatever they are', () => {
    assert.deepEqual(redact({ secret: { a: 1 }, list: [1, 2] }, ['secret', 'list.1']), {
      secret: REDACTED,
      list: [1, REDACTED],
    })
  })

  it('leaves the value itself alone, and returns it when there is nothing to mask', () => {
    const before = structuredClone(args)
    redact(args, ['*.number'])
    assert.deepEqual(args, before)
    assert.equal(redact(args, []), args)
  })

  it('passes dates, maps and plain values through', () => {
    const map = new Map([['password', 'x']])
    assert.equal(redact(map, ['*.password']), map)
    assert.equal(redact(5, ['*']), 5)
  })
})
