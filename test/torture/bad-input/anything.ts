import fc from 'fast-check'

/** What a value says whose every property throws. */
export const TRAP = 'a trap of the value itself'

/** Any value that a program can hold, of the kinds that the two codecs were made for and those they must refuse. */
export const anything = (): fc.Arbitrary<unknown> =>
  fc.oneof(
    fc.anything({
      maxDepth: 3,
      withBigInt: true,
      withBoxedValues: true,
      withDate: true,
      withMap: true,
      withNullPrototype: true,
      withObjectString: true,
      withSet: true,
      withSparseArray: true,
      withTypedArray: true,
    }),
    fc.constantFrom<unknown>(
      () => 1,
      Symbol('s'),
      Number.NaN,
      -0,
      Number.POSITIVE_INFINITY,
      new WeakMap(),
      new Error('an error'),
      /x/g,
      new URL('https://a.example/'),
      new SharedArrayBuffer(8),
      new Proxy({}, { get: () => assertNever() }),
      Object.create({ inherited: 1 }),
      circular(),
      Promise.resolve(1),
      new (class Point {
        x = 1
      })(),
      { toJSON: () => 'other' },
      { __proto__: null, a: undefined },
      '\ud800',
      'a\0b',
      '‮',
      Buffer.from([0, 255]),
    ),
  )

function assertNever(): never {
  throw new Error(TRAP)
}

function circular(): object {
  const value: Record<string, unknown> = {}
  value.self = value
  return value
}

/** The `n`-th value of a seed: threads make it for themselves, since most of these cannot be sent to them. */
export function valueOfSeed(seed: number): unknown {
  return fc.sample(anything(), { seed, numRuns: 1 })[0]
}
