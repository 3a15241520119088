import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { PlainRun, Same, Successes } from '../../lib/wire/columns.ts'
import type { Outcome, RunRow } from '../../lib/wire/messages.ts'
import { lineUp, packed, valueAt, withValue } from '../../lib/wire/rows.ts'

const unpacked = (outcomes: readonly (Outcome | Successes)[]): Outcome[] =>
  outcomes.flatMap((outcome): Outcome[] => {
    if (outcome[0] !== 'successes') return [outcome]
    const [, from, startedAt, ran, results] = outcome
    return ran.map((ms, i) => ['success', from + i, startedAt, ms, valueAt(results, i)])
  })

describe('a column', () => {
  it('is one value for as long as all have the same', () => {
    let column: Same<string | null> = null
    const values = ['a', 'a', null, 'b', 'b']
    for (const [i, value] of values.entries()) {
      column = withValue(column, i, value)
      assert.equal(Array.isArray(column), i > 1)
      for (let k = 0; k <= i; k++) assert.equal(valueAt(column, k), values[k])
    }
  })

  it('holds bytes as they are', () => {
    const [a, b] = [new Uint8Array([1]), new Uint8Array([2])]
    const column = withValue(withValue<Uint8Array>(a, 0, a), 1, b)
    assert.equal(valueAt(column, 0), a)
    assert.equal(valueAt(column, 1), b)
  })
})

describe('a run', () => {
  it('gives each of its jobs the row that it would have alone', () => {
    const alone: RunRow = [6, 40, 'x', 't', 'q', 2, 3, 1, 5, null, 'parent', 'root', 'v8', '{}', new Uint8Array([7])]
    const run: PlainRun = [7, 41, ['a', 'b'], 't', 'q', 3, 99, ['[1]', '[2]']]
    const line: RunRow[] = []
    for (const one of [alone, run]) lineUp(line, one)
    assert.deepEqual(line, [
      alone,
      [7, 41, 'a', 't', 'q', 1, 3, 0, 99, null, null, null, 'json', null, '[1]'],
      [8, 42, 'b', 't', 'q', 1, 3, 0, 99, null, null, null, 'json', null, '[2]'],
    ])
  })
})

describe('outcomes', () => {
  const failure: Outcome = ['failure', 4, 100, 1, { name: 'Error', message: 'no' }]
  const outcomes: Outcome[] = [
    ['success', 1, 100, 0.5, 'null'],
    ['success', 2, 100, 0.25, 'null'],
    ['success', 3, 100, 0.125, '1'],
    failure,
    ['success', 5, 100, 0.5, null],
    ['success', 6, 101, 0.5, null],
    // The one between was taken back.
    ['success', 8, 101, 0.5, null],
    ['snooze', 9, 101, 1, 50],
  ]

  it('are the same when they were put together', () => {
    assert.deepEqual(unpacked(packed(outcomes)), outcomes)
  })

  it('are put together as far as they are neighbours that began in the same millisecond', () => {
    const sizes = packed(outcomes).map((outcome) => (outcome[0] === 'successes' ? outcome[3].length : outcome[0]))
    assert.deepEqual(sizes, [3, 'failure', 1, 1, 1, 'snooze'])
  })
})
