/** The payload codecs: what goes in comes out, and not a byte more than the limit. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { InvalidPayload, PayloadTooLarge } from '../../lib/errors.ts'
import { decode, encode } from '../../lib/wire/codec.ts'

const ROOM = 1_000_000
const plain = fc.jsonValue({ noUnicodeString: false }).map((value) => JSON.parse(JSON.stringify(value)) as unknown)
const cloneable = fc.anything({
  withBigInt: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withTypedArray: true,
  withSparseArray: true,
})

describe('the payload codec', () => {
  test('json: comes back the same, as text', () => {
    fc.assert(
      fc.property(plain, (value) => {
        const payload = encode(value, 'json', 'args', ROOM)
        assert.equal(typeof payload, 'string')
        assert.deepEqual(decode(payload, 'json'), value)
      }),
      { numRuns: 500 },
    )
  })

  test('v8: comes back the same, as bytes that may have crossed threads', () => {
    fc.assert(
      fc.property(cloneable, (value) => {
        const payload = encode(value, 'v8', 'args', ROOM)
        assert.ok(payload instanceof Uint8Array)
        // What a Date of no time is compared to is never equal.
        const show = (one: unknown) => JSON.stringify(one, (_, v: unknown) => (typeof v === 'bigint' ? `${v}n` : v))
        assert.equal(show(decode(structuredClone(payload), 'v8')), show(structuredClone(value)))
      }),
      { numRuns: 500 },
    )
  })

  test('says that a stored value cannot be read, whatever it is', () => {
    const damaged = [
      ['{"a":', 'json'],
      ['', 'json'],
      [Buffer.from([0xff, 0x0f, 0x6f, 0x22]), 'v8'],
      [Buffer.alloc(0), 'v8'],
      ['[1]', 'v8'],
    ] as const
    for (const [payload, codec] of damaged) {
      assert.throws(
        () => decode(payload, codec),
        (error: InvalidPayload) =>
          error instanceof InvalidPayload && /cannot be read as (json|v8): /.test(error.message),
      )
    }
  })

  test('refuses exactly what is larger than the limit, in bytes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), fc.nat(200), (text, limit) => {
        for (const codec of ['json', 'v8'] as const) {
          const payload = encode(text, codec, 'args', ROOM)
          const bytes = Buffer.byteLength(payload as never)
          if (bytes <= limit) assert.deepEqual(encode(text, codec, 'args', limit), payload)
          else
            assert.throws(
              () => encode(text, codec, 'result', limit),
              (error) => {
                assert.ok(error instanceof PayloadTooLarge)
                assert.ok(error.message.startsWith(`result takes ${bytes} bytes, more than maxPayload (${limit})`))
                return true
              },
            )
        }
      }),
      { numRuns: 500 },
    )
  })

  test('nothing stored is no value; what cannot be cloned is refused by name', () => {
    assert.equal(decode(null, 'json'), undefined)
    assert.equal(decode(null, 'v8'), undefined)
    assert.throws(
      () => encode(() => {}, 'v8', 'result', ROOM),
      (error) => error instanceof InvalidPayload && /^result cannot be stored/.test(error.message),
    )
  })
})
