/** Stored values as somebody else may have left them: cut off, changed, or made to cost much. */
import { serialize } from 'node:v8'
import { integer, type Random } from '../../crash/random.ts'

export interface HostileValue {
  payload: string | Buffer | number
  codec: string
}

const SAMPLES: readonly unknown[] = [
  [1, 'two', null, true, [3.5, { four: [5] }]],
  [new Map([['key', new Set([1, 2])]]), new Date(0), /x+/g, 2n ** 70n],
  [Buffer.from('bytes'), new Float64Array([1, 2]), new DataView(new ArrayBuffer(9)), new Error('stored')],
  [{ ...Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`key${i}`, i])) }],
  [Array.from({ length: 3 }), 'ü\u0000\ud83d\ude00', -0, Number.NaN],
]

const V8_HEAD = [0xff, 0x0f]
/** A length that is not there: as many bits as a varint may have. */
const HUGE = [0xff, 0xff, 0xff, 0xff, 0x0f]
/** Every tag that is followed by a length, an index or an object. */
const TAGS = [...'AaB"cSoO^;:\'nNIUdDTFRZzVtuwWmjr\\l+@$,~[#pPLxhH'].map((tag) => tag.charCodeAt(0))

const NESTED = 20_000

const MADE_JSON: readonly ((random: Random) => string)[] = [
  () => `${'['.repeat(NESTED)}${']'.repeat(NESTED)}`,
  () => '{"a":'.repeat(NESTED),
  () => `[${'{"a":'.repeat(NESTED)}1${'}'.repeat(NESTED)}]`,
  () => '[{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"toString":1,"then":1}]',
  () => '{"0":1,"length":4294967295,"__proto__":[]}',
  () => `[1e999,-1e999,${'9'.repeat(100_000)}]`,
  () => '\ufeff[1]',
  () => '[NaN]',
  () => 'undefined',
  () => '',
  () => '"\ud800"',
  () => '5',
  () => `[${'"a",'.repeat(100_000)}"a"]`,
  () => '[1]\0[2]',
  (random) => String.fromCharCode(...Array.from({ length: 40 }, () => integer(random, 0, 0xffff))),
]

const MADE_V8: readonly ((random: Random) => Buffer)[] = [
  () => Buffer.alloc(0),
  () => Buffer.from([0xff]),
  () => Buffer.from([0xff, 0xff, 0xff, 0xff]),
  () => Buffer.from([...V8_HEAD, ...Array(NESTED).fill(0x41)]),
  () => Buffer.from([...V8_HEAD, ...Array.from({ length: NESTED }, () => [0x41, 0x01]).flat()]),
  () => Buffer.from([...V8_HEAD, ...Array.from({ length: NESTED }, () => [0x6f, 0x22, 0x01, 0x61]).flat()]),
  () => serialize({ ['__proto__']: { polluted: 1 }, then: 1 }),
  (random) => Buffer.from([...V8_HEAD, TAGS[integer(random, 0, TAGS.length - 1)] as number, ...HUGE, ...HUGE]),
  (random) => Buffer.from([...V8_HEAD, 0x5c, integer(random, 0, 255), ...HUGE, 1, 2, 3]),
  (random) =>
    Buffer.from([...V8_HEAD, ...Array.from({ length: integer(random, 1, 60) }, () => integer(random, 0, 255))]),
  (random) =>
    Buffer.from([
      ...V8_HEAD,
      ...Array.from({ length: integer(random, 1, 30) }, () =>
        random() < 0.5 ? (TAGS[integer(random, 0, TAGS.length - 1)] as number) : integer(random, 0, 3),
      ),
    ]),
]

function changed(bytes: Buffer, random: Random): Buffer {
  const kind = integer(random, 0, 4)
  if (kind === 0) return bytes.subarray(0, integer(random, 0, bytes.length))
  const copy = Buffer.from(bytes)
  if (kind === 1) {
    for (let left = integer(random, 1, 6); left > 0; left--)
      copy[integer(random, 0, copy.length - 1)] = integer(random, 0, 255)
  } else if (kind === 2) {
    const at = integer(random, 0, copy.length - 1)
    copy[at] = (copy[at] as number) ^ (1 << integer(random, 0, 7))
  } else {
    const at = integer(random, 0, bytes.length)
    const piece =
      kind === 3
        ? Buffer.from(HUGE)
        : bytes.subarray(integer(random, 0, bytes.length), integer(random, 0, bytes.length))
    return Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at + integer(random, 0, 2))])
  }
  return copy
}

export function hostileValue(random: Random): HostileValue {
  const kind = random()
  const sample = SAMPLES[integer(random, 0, SAMPLES.length - 1)]
  if (kind < 0.5) return { payload: changed(serialize(sample), random), codec: 'v8' }
  if (kind < 0.65)
    return { payload: (MADE_V8[integer(random, 0, MADE_V8.length - 1)] as (r: Random) => Buffer)(random), codec: 'v8' }
  if (kind < 0.8) {
    const json = Buffer.from('[1,"two",null,true,{"three":[4.5,{"five":"\\u0036"}]}]')
    return { payload: changed(json, random).toString('utf8'), codec: 'json' }
  }
  if (kind < 0.95)
    return {
      payload: (MADE_JSON[integer(random, 0, MADE_JSON.length - 1)] as (r: Random) => string)(random),
      codec: 'json',
    }
  // Neither what the codec writes, nor a codec.
  const odd: HostileValue[] = [
    { payload: '[1]', codec: 'v8' },
    { payload: serialize([1]), codec: 'json' },
    { payload: 5, codec: 'v8' },
    { payload: 5, codec: 'json' },
    { payload: '[1]', codec: 'xml' },
  ]
  return odd[integer(random, 0, odd.length - 1)] as HostileValue
}
