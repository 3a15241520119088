/** Arguments that cannot be stored are refused in the caller, with their path; nothing is stored, nothing breaks. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type AsyncResult, InvalidPayload, PayloadTooLarge } from 'celeriac'
import { resultOf } from '../fixtures/calls.ts'
import { freshDatabase } from '../fixtures/folder.ts'
import { openApp } from '../fixtures/tasks.ts'

class Money {
  amount = 5
}

const cycle: { list: unknown[] } = { list: [] }
cycle.list.push({ back: cycle })

const refused: [name: string, value: unknown, message: RegExp][] = [
  ['a function', () => 1, /^args\[0\] is a function — pass the data it needs$/],
  [
    'a class instance',
    { price: new Money() },
    /^args\[0\]\.price is an instance of Money — pass a plain object with the fields/,
  ],
  [
    'a Date',
    { user: { createdAt: new Date(0) } },
    /^args\[0\]\.user\.createdAt is a Date — pass a string or use codec: 'v8'$/,
  ],
  ['a Map', [new Map()], /^args\[0\]\[0\] is a Map — pass a plain object or use codec: 'v8'$/],
  ['a Set', new Set(), /^args\[0\] is a Set/],
  ['a BigInt', 1n, /^args\[0\] is a BigInt — pass a string/],
  ['NaN', { a: [Number.NaN] }, /^args\[0\]\.a\[0\] is NaN, which JSON turns into null/],
  ['an infinity', Number.NEGATIVE_INFINITY, /^args\[0\] is -Infinity/],
  ['-0', -0, /^args\[0\] is -0/],
  ['undefined in an array', [1, undefined], /^args\[0\]\[1\] is undefined, which JSON cannot hold here/],
  ['a hole', [1, , 2], /^args\[0\]\[1\] is a hole in the array/],
  ['a symbol', Symbol('s'), /^args\[0\] is a symbol/],
  ['a cycle', cycle, /^args\[0\]\.list\[0\]\.back refers back to an object that contains it/],
  ['a Buffer', Buffer.from('x'), /^args\[0\] is a Buffer — pass a base64 string/],
  ['a Promise', Promise.resolve(1), /^args\[0\] is a Promise — await it first/],
  ['an Error', new RangeError('r'), /^args\[0\] is a RangeError/],
  [
    'a getter that throws',
    {
      get x() {
        throw new Error('no')
      },
    },
    /^args\[0\]\.x threw an error when it was read/,
  ],
  [
    'an object of a Proxy that throws',
    new Proxy(
      {},
      {
        ownKeys: () => {
          throw new Error('no')
        },
      },
    ),
    /^args\[0\] threw an error/,
  ],
  ['something 100,000 levels deep', nested(100_000), /is nested more than 1000 levels deep/],
]

describe('delay() refuses', () => {
  const { app, add, echo, keep } = openApp({ database: freshDatabase(), maxPayload: 1_000 })
  before(() => app.start())
  after(() => app.stop())

  for (const [name, value, message] of refused) {
    test(name, async () => {
      await assert.rejects(echo.delay(value), (error) => {
        assert.ok(error instanceof InvalidPayload)
        assert.equal(error.code, 'INVALID_PAYLOAD')
        assert.match(error.message, message)
        return true
      })
    })
  }

  test('more than maxPayload, with the size and the limit', async () => {
    await assert.rejects(echo.delay('x'.repeat(997)), (error) => {
      assert.ok(error instanceof PayloadTooLarge)
      assert.equal(error.code, 'PAYLOAD_TOO_LARGE')
      assert.match(error.message, /^args takes 1001 bytes, more than maxPayload \(1000\) — store the data elsewhere/)
      return true
    })
    assert.equal(await resultOf(await echo.delay('x'.repeat(996))), 'x'.repeat(996))
    await assert.rejects(echo.delay('ü'.repeat(499)), /args takes 1002 bytes/)
    await assert.rejects(keep.delay(Buffer.alloc(2_000)), PayloadTooLarge)
  })

  test('what codec v8 cannot clone', async () => {
    await assert.rejects(
      keep.delay(() => 1),
      { code: 'INVALID_PAYLOAD', message: /^args cannot be stored: .*could not be cloned/ },
    )
    await assert.rejects(keep.delay(Symbol('s')), InvalidPayload)
  })

  test('and the calls beside a refused one are stored', async () => {
    const settled = await Promise.allSettled([add.delay(1, 1), echo.delay(1n), add.delay(2, 2)])
    assert.deepEqual(
      settled.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled'],
    )
    for (const one of settled) if (one.status === 'fulfilled') await resultOf(one.value as AsyncResult<unknown>)
    assert.deepEqual((await app.inspect.stats()).states, { SUCCESS: 3 }, 'nothing else was stored in this file')
  })
})

function nested(levels: number): unknown {
  let value: unknown = 'bottom'
  for (let i = 0; i < levels; i++) value = [value]
  return value
}
