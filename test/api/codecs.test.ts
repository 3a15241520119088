/** What survives as arguments and results. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import fc from 'fast-check'
import { resultOf } from '../fixtures/calls.ts'
import { freshDatabase } from '../fixtures/folder.ts'
import { openApp } from '../fixtures/tasks.ts'

describe('a value goes to a task and comes back the same', () => {
  const { app, echo, keep } = openApp({ database: freshDatabase() })
  before(() => app.start())
  after(() => app.stop())

  test('with codec v8: what the structured clone knows', async () => {
    const shared = { of: 'two' }
    const value = {
      map: new Map<unknown, unknown>([[{ key: 1 }, new Set([1, 'a'])]]),
      date: new Date(0),
      big: 2n ** 100n,
      buffer: Buffer.from('häuser'),
      floats: new Float64Array([1.5, Number.NaN, -0]),
      pattern: /a+/giu,
      numbers: [Number.NaN, Number.POSITIVE_INFINITY, -0, undefined],
      error: new RangeError('too far'),
      twice: [shared, shared],
    }
    const back = (await resultOf(await keep.delay(value))) as typeof value
    assert.deepEqual(back, value)
    assert.ok(Buffer.isBuffer(back.buffer))
    assert.equal(back.twice[0], back.twice[1])
    const self: { me?: unknown } = {}
    self.me = self
    const circle = (await resultOf(await keep.delay(self))) as typeof self
    assert.equal(circle.me, circle)
    assert.equal(await resultOf(await keep.delay(undefined)), undefined)
  })

  test('with codec json: any JSON value, whatever its text', async () => {
    const values = fc.sample(
      fc.jsonValue({ noUnicodeString: false }).filter((v) => !hasMinusZero(v)),
      { numRuns: 300, seed: 7 },
    )
    values.push('\u0000', '\ud800', '\u2028', { __proto__: null, a: 1 }, JSON.parse('{"__proto__":{"polluted":true}}'))
    const handles = await echo.delayMany(values.map((value) => [value]))
    for (const [i, handle] of handles.entries()) {
      assert.equal(JSON.stringify(await resultOf(handle)), JSON.stringify(values[i]))
    }
    assert.equal(({} as { polluted?: boolean }).polluted, undefined)
  })

  test('as arguments in info() too', async () => {
    const map = new Map([[1, 2n]])
    const handle = await keep.delay(map)
    await resultOf(handle)
    const info = (await handle.info())!
    assert.deepEqual([info.args, info.result], [[map], map])
  })
})

function hasMinusZero(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.values(value).some(hasMinusZero)
  return Object.is(value, -0)
}
