/** Errors as they cross threads: whatever is thrown becomes small, plain data, and an Error again. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import * as errors from '../../lib/errors.ts'
import { fromWireError, toWireError, type WireError } from '../../lib/wire/error-codec.ts'

const thrower = (): never => {
  throw new Error('a trap')
}

/** Makes a value. Hostile ones are made late, because fast-check looks at what it generates. */
type Made = () => unknown

const proxies: fc.Arbitrary<Made> = fc
  .tuple(fc.object(), fc.subarray(['get', 'has', 'ownKeys', 'getPrototypeOf', 'getOwnPropertyDescriptor'] as const))
  .map(
    ([target, traps]) =>
      () =>
        new Proxy(target, Object.fromEntries(traps.map((trap) => [trap, thrower]))),
  )

const anything: fc.Arbitrary<Made> = fc
  .anything({
    withBigInt: true,
    withBoxedValues: true,
    withDate: true,
    withMap: true,
    withSet: true,
    withNullPrototype: true,
    withObjectString: true,
    withSparseArray: true,
    withTypedArray: true,
  })
  .map((value) => () => value)

/** Errors whose fields hold anything, deep and wide, some of them frozen or behind a getter that throws. */
const { error: hostile } = fc.letrec<{ error: Made; thing: Made }>((tie) => ({
  error: fc
    .record({
      kind: fc.constantFrom(Error, TypeError, AggregateError, errors.InvalidInput, errors.TaskFailure),
      fields: fc.dictionary(
        fc.constantFrom('name', 'message', 'stack', 'code', 'cause', 'errors', 'issues', 'taskId'),
        tie('thing'),
      ),
      getter: fc.option(fc.constantFrom('name', 'message', 'stack', 'code', 'cause', 'errors', 'issues')),
      freeze: fc.boolean(),
      circular: fc.boolean(),
    })
    .map(({ kind, fields, getter, freeze, circular }) => () => {
      const made = Reflect.construct(kind, kind === AggregateError ? [[], 'm'] : ['m', {}]) as object
      // V8 writes the stack when it is first asked for, and reads name and message for it.
      void (made as Error).stack
      for (const [key, make] of Object.entries(fields))
        Object.defineProperty(made, key, { value: make(), configurable: true })
      if (circular) Object.defineProperty(made, 'cause', { value: made, configurable: true })
      if (getter) Object.defineProperty(made, getter, { get: thrower, configurable: true })
      return freeze ? Object.freeze(made) : made
    }),
  thing: fc.oneof(
    { maxDepth: 2, depthSize: 'small' },
    anything,
    proxies,
    tie('error'),
    fc.array(tie('error'), { maxLength: 4 }).map((list) => () => list.map((make) => make())),
  ),
}))

const countOf = (wire: WireError): number =>
  1 + (wire.cause ? countOf(wire.cause) : 0) + (wire.errors ?? []).reduce((sum, one) => sum + countOf(one), 0)

describe('the error codec', () => {
  test('turns anything thrown into small plain data, and that into an Error', () => {
    fc.assert(
      fc.property(fc.oneof(anything, proxies, hostile), (make) => {
        const wire = toWireError(make())
        assert.deepEqual(structuredClone(wire), wire)
        assert.deepEqual(JSON.parse(JSON.stringify(wire)), wire)
        assert.equal(typeof wire.name, 'string')
        assert.equal(typeof wire.message, 'string')
        assert.ok(countOf(wire) <= 60)
        assert.ok(JSON.stringify(wire).length < 2_000_000)
        const error = fromWireError(wire)
        assert.ok(error instanceof Error)
        assert.deepEqual([error.name, error.message], [wire.name, wire.message])
        assert.equal(typeof error.stack, 'string')
      }),
      { numRuns: 200, seed: 11 },
    )
  })

  test('keeps name, message, stack, code and the chain of causes', () => {
    const cause = new RangeError('inner')
    const error = Object.assign(new TypeError('outer', { cause }), { code: 'E_OUTER' })
    const back = fromWireError(toWireError(error))
    assert.ok(back instanceof TypeError)
    assert.ok(back.cause instanceof RangeError)
    assert.deepEqual([back.message, back.stack, (back as { code?: string }).code], ['outer', error.stack, 'E_OUTER'])
    assert.deepEqual([back.cause.message, back.cause.stack], ['inner', cause.stack])
    assert.deepEqual(toWireError(back), toWireError(error))
  })

  test('gives every error of the library back as its own class, with its code', () => {
    const classes = Object.values(errors).filter((one) => one !== errors.CeleriacError)
    assert.ok(classes.length > 30)
    for (const Class of classes as unknown as (new (
      message: string,
      options: object,
    ) => errors.CeleriacError)[]) {
      const error = new Class('said', Class === (errors.InvalidInput as unknown) ? [] : {})
      const back = fromWireError(structuredClone(toWireError(error))) as errors.CeleriacError
      assert.ok(back instanceof Class && back instanceof errors.CeleriacError && back instanceof Error)
      assert.deepEqual([back.name, back.code, back.message], [error.name, error.code, 'said'])
    }
  })

  test('keeps the issues of InvalidInput', () => {
    const issues = [{ message: 'too small', path: 'args[0]' }, { message: 'missing' }]
    const back = fromWireError(toWireError(new errors.InvalidInput('no', issues))) as errors.InvalidInput
    assert.deepEqual(back.issues, issues)
    const bare = fromWireError({ name: 'InvalidInput', message: 'from an older file' }) as errors.InvalidInput
    assert.deepEqual(bare.issues, [])
  })

  test('cuts what is long, and what is deep or wide, and says so', () => {
    const long = toWireError(new Error('x'.repeat(10_000)))
    assert.match(long.message, /^x{8192}… \(1808 more characters\)$/)
    let deep = new Error('0')
    for (let i = 1; i < 50; i++) deep = new Error(`${i}`, { cause: deep })
    assert.equal(countOf(toWireError(deep)), 6)
    assert.equal(toWireError(new AggregateError(Array(500).fill(new Error('one')), 'many')).errors?.length, 20)
  })
})
