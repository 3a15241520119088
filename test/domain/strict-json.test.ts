import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import vm from 'node:vm'
import fc from 'fast-check'
import { encodeStrictJson } from '../../lib/domain/strict-json.ts'
import { InvalidPayload } from '../../lib/errors.ts'

const refusal = (value: unknown): InvalidPayload => {
  try {
    const text = encodeStrictJson(value, 'args')
    return assert.fail(`accepted as ${text}`)
  } catch (error) {
    assert.ok(error instanceof InvalidPayload, `${String(error)} is no InvalidPayload`)
    return error
  }
}

class User {
  name = 'Ann'
}
class Money {
  toJSON() {
    return '1 EUR'
  }
}

const ownPrototype = () => Object.create({ inherited: 1 }) as object
const withSymbol = () => ({ a: 1, [Symbol('hidden')]: 2 })
const named = () => Object.assign([1, 2], { total: 3 })
const cyclic = () => {
  const a: Record<string, unknown> = { list: [] }
  ;(a.list as unknown[]).push(a)
  return a
}
const nested = (levels: number) => {
  let value: unknown[] = []
  for (let i = 1; i < levels; i++) value = [value]
  return value
}

/** What JSON.parse must give back: the value without its undefined members, plain prototypes only. */
const withoutUndefined = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(withoutUndefined)
  if (typeof value !== 'object' || value === null) return value
  const copy = {}
  for (const [key, member] of Object.entries(value)) {
    if (member === undefined) continue
    Object.defineProperty(copy, key, {
      value: withoutUndefined(member),
      enumerable: true,
      writable: true,
      configurable: true,
    })
  }
  return copy
}

describe('encodeStrictJson accepts', () => {
  for (const value of [
    null,
    true,
    0,
    -1.5,
    1e21,
    5e-324,
    '',
    'plain',
    'quote " backslash \\ newline \n nul \0',
    'lone \ud800 surrogate',
    'ünïcode 🥬',
    [],
    {},
    [2, 3],
    ['a', { b: [null, false, { c: 'd' }] }],
    { 'key with "quote"': 1, '': 2, 1: 3 },
    { toJSON: 'a member of this name is data' },
    JSON.parse('{"__proto__": {"a": 1}, "constructor": 2}'),
  ]) {
    it(JSON.stringify(value), () => {
      const text = encodeStrictJson(value, 'args')
      assert.equal(text, JSON.stringify(value))
      assert.deepStrictEqual(JSON.parse(text), value)
    })
  }

  it('an object without prototype, and one that appears twice', () => {
    const bare = Object.assign(Object.create(null), { a: 1 })
    assert.equal(encodeStrictJson([bare, bare], 'args'), '[{"a":1},{"a":1}]')
  })

  it('objects and arrays of another realm', () => {
    const foreign: unknown = vm.runInNewContext('({ list: [1, { a: [] }] })')
    assert.equal(encodeStrictJson([foreign], 'args'), '[{"list":[1,{"a":[]}]}]')
  })

  it('drops undefined members of plain objects only', () => {
    assert.equal(encodeStrictJson([{ a: undefined, b: 1 }], 'args'), '[{"b":1}]')
  })

  it('ignores non-enumerable members, as everything does', () => {
    const value = Object.defineProperty({ a: 1 }, 'b', { value: () => 1 })
    const list = Object.defineProperty([1], 'raw', { value: () => 1 })
    assert.equal(encodeStrictJson([value, list], 'args'), '[{"a":1},[1]]')
  })

  it('a getter that encodes something of its own', () => {
    const inner: string[] = []
    const outer = {
      get a() {
        inner.push(encodeStrictJson([{ b: [] }], 'inner'))
        return [1]
      },
      c: [{}],
    }
    assert.equal(encodeStrictJson(outer, 'args'), '{"a":[1],"c":[{}]}')
    assert.deepEqual(new Set(inner), new Set(['[{"b":[]}]']))
  })

  it('a getter and a proxy that behave', () => {
    const value = {
      get a() {
        return 1
      },
    }
    assert.equal(
      encodeStrictJson([value, new Proxy([2], {}), new Proxy({ b: 3 }, {})], 'args'),
      '[{"a":1},[2],{"b":3}]',
    )
  })

  it('1,000 levels and no more', () => {
    assert.equal(encodeStrictJson(nested(1_000), 'args').length, 2_000)
    assert.match(refusal(nested(1_001)).message, /^args\[0\].*\[0\] is nested more than 1000 levels deep/)
    assert.ok(refusal(nested(200_000)).message.length < 300)
  })
})

describe('encodeStrictJson refuses, with path and remedy:', () => {
  const cases: [string, unknown, RegExp][] = [
    [
      'the documented example',
      [{ user: { createdAt: new Date() } }],
      /^args\[0\]\.user\.createdAt is a Date — pass a string or use codec: 'v8'$/,
    ],
    ['undefined at the top', undefined, /^args is undefined/],
    ['undefined in an array', [1, undefined], /^args\[1\] is undefined/],
    ['a hole', Object.assign(new Array(3), { 0: 1, 2: 3 }), /^args\[1\] is a hole/],
    ['a huge empty array', new Array(2 ** 32 - 1), /^args\[0\] is a hole/],
    ['a function', [{ f() {} }], /^args\[0\]\.f is a function/],
    ['a class', [User], /^args\[0\] is a function/],
    ['a symbol', [Symbol('s')], /^args\[0\] is a symbol/],
    ['a BigInt', [[1n]], /^args\[0\]\[0\] is a BigInt — pass a string or use codec: 'v8'$/],
    ['NaN', [Number.NaN], /^args\[0\] is NaN/],
    ['Infinity', [Infinity], /^args\[0\] is Infinity/],
    ['-Infinity', [{ a: -Infinity }], /^args\[0\]\.a is -Infinity/],
    ['-0', [-0], /^args\[0\] is -0/],
    ['a class instance', [new User()], /^args\[0\] is an instance of User — pass a plain object/],
    ['a class instance with toJSON', [new Money()], /^args\[0\] is an instance of Money/],
    [
      'an anonymous prototype',
      [ownPrototype()],
      /^args\[0\] is an instance of Object|^args\[0\] is an object with a prototype/,
    ],
    [
      'an array subclass',
      [new (class Rows extends Array {})()],
      /^args\[0\] is an instance of Rows — pass a plain array/,
    ],
    ['a Date of another realm', [vm.runInNewContext('new Date()')], /^args\[0\] is a Date/],
    [
      'a class instance of another realm',
      [vm.runInNewContext('new (class Far {})')],
      /^args\[0\] is an instance of Far/,
    ],
    ['a Map', [new Map()], /^args\[0\] is a Map/],
    ['a Set', [new Set()], /^args\[0\] is a Set/],
    ['a WeakMap', [new WeakMap()], /^args\[0\] is an instance of WeakMap/],
    ['a Buffer', [Buffer.from('a')], /^args\[0\] is a Buffer — pass a base64 string/],
    ['a typed array', [new Uint8Array(2)], /^args\[0\] is an? Uint8Array/],
    ['a DataView', [new DataView(new ArrayBuffer(1))], /^args\[0\] is a DataView/],
    ['an ArrayBuffer', [new ArrayBuffer(1)], /^args\[0\] is an ArrayBuffer/],
    ['a boxed Number', [Object(1)], /^args\[0\] is a boxed Number/],
    ['a boxed String', [Object('a')], /^args\[0\] is a boxed String/],
    ['a boxed BigInt', [Object(1n)], /^args\[0\] is a boxed BigInt/],
    ['a RegExp', [/a/], /^args\[0\] is a RegExp/],
    ['an Error', [new TypeError('x')], /^args\[0\] is a TypeError/],
    ['a Promise', [Promise.resolve(1)], /^args\[0\] is a Promise — await it first/],
    ['a cycle', [cyclic()], /^args\[0\]\.list\[0\] refers back/],
    ['an extra property on an array', [named()], /^args\[0\] is an array with the property "total"/],
    ['a match array', ['ab'.match(/b/)], /^args\[0\] is an array with the property "index"/],
    ['a long array with an extra property', [Object.assign(Array(50).fill(1), { '-1': 1 })], /^args\[0\] .*"-1"/],
    ['a symbol key', [withSymbol()], /^args\[0\] has the symbol key Symbol\(hidden\)/],
    ['a symbol key on an array', [Object.assign([1], withSymbol(), { a: 1 })], /^args\[0\] /],
    ['a toJSON method', [{ toJSON: () => 1 }], /^args\[0\](\.toJSON is a function| has a toJSON method)/],
    [
      'a hidden toJSON method',
      [Object.defineProperty({}, 'toJSON', { value: () => 1 })],
      /^args\[0\] has a toJSON method/,
    ],
    [
      'a toJSON method on an array',
      [Object.defineProperty([], 'toJSON', { value: () => 1 })],
      /^args\[0\] has a toJSON method/,
    ],
    ['an odd key in the path', [{ 'a b': { '0': 1n } }], /^args\[0\]\["a b"\]\["0"\] is a BigInt/],
  ]
  for (const [name, value, message] of cases) {
    it(name, () => {
      const error = refusal(value)
      assert.match(error.message, message)
      assert.match(error.message, / — (pass|use|await|break|flatten)/)
    })
  }

  it('the arguments object and Math, which only look plain', () => {
    const taken = (function () {
      // biome-ignore lint/complexity/noArguments: the case under test
      return arguments
    })()
    assert.match(refusal([taken]).message, /^args\[0\] has the symbol key/)
    assert.match(refusal([Math]).message, /^args\[0\] has the symbol key/)
  })

  it('a getter that throws, with its error as cause', () => {
    const thrown = new Error('no')
    const value = {
      deep: {
        get bad(): never {
          throw thrown
        },
      },
    }
    const error = refusal([value])
    assert.match(error.message, /^args\[0\]\.deep\.bad threw an error when it was read/)
    assert.equal(error.cause, thrown)
  })

  it('a getter that throws undefined, and one that throws only when it is read again', () => {
    const silent = {
      get bad(): never {
        throw undefined
      },
    }
    assert.ok('cause' in refusal([silent]))
    let reads = 0
    const late = {
      get bad() {
        if (++reads > 1) throw new Error('second')
        return 1
      },
    }
    assert.equal((refusal([late]).cause as Error).message, 'second')
  })

  it('every trap of a proxy that throws', () => {
    for (const trap of ['get', 'getPrototypeOf', 'ownKeys', 'getOwnPropertyDescriptor'] as const) {
      for (const target of [{ a: 1 }, [1]]) {
        const proxy = new Proxy<object>(target, {
          [trap]: () => {
            throw new RangeError(trap)
          },
        })
        const error = refusal([proxy])
        assert.match(error.message, /^args\[0\]/)
        assert.equal((error.cause as Error).message, trap)
      }
    }
    const { proxy, revoke } = Proxy.revocable({}, {})
    revoke()
    assert.match(refusal([{ proxy }]).message, /^args\[0\]\.proxy threw/)
  })

  it('a caller that has almost used up its stack, without a RangeError', () => {
    const value = nested(900)
    let tries = 300
    let refusals = 0
    const deepen = (): void => {
      try {
        deepen()
      } catch (error) {
        // On the way back: at first there is no room for the call itself, later none for the walk.
        if (tries-- > 0) {
          try {
            encodeStrictJson(value, 'args')
          } catch (refused) {
            if (refused instanceof InvalidPayload) refusals++
            else assert.ok(refused instanceof RangeError)
          }
        }
        throw error
      }
    }
    assert.throws(deepen, RangeError)
    assert.ok(refusals > 100, `${refusals} refusals`)
  })
})

describe('encodeStrictJson, for all values', () => {
  const key = fc.oneof(
    fc.string(),
    fc.string({ unit: 'binary' }),
    fc.constantFrom('__proto__', 'constructor', 'toString', 'length', 'a'),
  )
  const number = fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => (n === 0 ? 0 : n))
  const leaf = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string(),
    number,
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
  )
  const accepted = fc.letrec<{ node: unknown }>((tie) => ({
    node: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      leaf,
      fc.array(tie('node'), { maxLength: 12 }),
      fc.dictionary(key, fc.option(tie('node'), { nil: undefined, freq: 8 }), { maxKeys: 6 }),
    ),
  })).node

  it('gives the value back, without its undefined members', () => {
    fc.assert(
      fc.property(accepted, (value) => {
        assert.deepStrictEqual(JSON.parse(encodeStrictJson(value, 'args')), withoutUndefined(value))
      }),
      { numRuns: 3_000 },
    )
  })

  const poison = fc.constantFrom<(() => unknown)[]>(
    () => () => 1,
    () => Symbol('x'),
    () => 1n,
    () => Number.NaN,
    () => -Infinity,
    () => -0,
    () => new Date(Number.NaN),
    () => new Map([[1, 2]]),
    () => new Set([1]),
    () => new Uint8Array(3),
    () => Buffer.alloc(2),
    () => Object(true),
    () => /x/,
    () => new Error('x'),
    () => Promise.resolve(),
    () => new User(),
    () => new Money(),
    ownPrototype,
    withSymbol,
    named,
    cyclic,
    () => [undefined],
    () => Array(3),
    () => nested(1_500),
    () => ({
      get a(): never {
        throw null
      },
    }),
    () =>
      new Proxy(
        {},
        {
          ownKeys: () => {
            throw 1
          },
        },
      ),
    () => ({ toJSON: () => 1 }),
  )
  const hostile = fc
    .tuple(poison, fc.array(fc.tuple(fc.boolean(), key, accepted, accepted), { maxLength: 8 }))
    .map(([make, wraps]) =>
      wraps.reduce<unknown>(
        (inner, [list, name, before, after]) =>
          list
            ? [before, inner, after]
            : Object.fromEntries([
                ['z', before],
                [name, inner],
              ]),
        make(),
      ),
    )

  it('refuses a value with one bad part anywhere, always as InvalidPayload', () => {
    fc.assert(
      fc.property(hostile, (value) => {
        assert.ok(refusal(value).message.startsWith('args'))
      }),
      { numRuns: 2_000 },
    )
  })

  it('throws InvalidPayload or encodes truly, whatever it is given', () => {
    const anything = fc.anything({
      withBigInt: true,
      withBoxedValues: true,
      withDate: true,
      withMap: true,
      withNullPrototype: true,
      withObjectString: true,
      withSet: true,
      withSparseArray: true,
      withTypedArray: true,
    })
    fc.assert(
      fc.property(anything, (value) => {
        let text: string
        try {
          text = encodeStrictJson(value, 'args')
        } catch (error) {
          assert.ok(error instanceof InvalidPayload, String(error))
          return
        }
        assert.deepStrictEqual(JSON.parse(text), withoutUndefined(value))
      }),
      { numRuns: 3_000 },
    )
  })
})
