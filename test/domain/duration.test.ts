// Alone in its process: measures the processor time of the process.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { formatDuration, toMilliseconds } from '../../lib/domain/duration.ts'
import { InvalidOption } from '../../lib/errors.ts'
import { processorTime } from '../fixtures/processor-time.ts'

const refused = (value: unknown, shown: string) =>
  assert.throws(
    () => toMilliseconds(value, 'timeLimit'),
    (error: unknown) => {
      assert.ok(error instanceof InvalidOption, `${String(error)} is no InvalidOption`)
      assert.ok(error.message.startsWith('timeLimit: '), error.message)
      assert.ok(error.message.includes(shown), `${error.message} does not show ${shown}`)
      assert.ok(error.message.includes("'1h30m'"), 'the message says what is allowed')
      return true
    },
  )

describe('toMilliseconds', () => {
  for (const [value, expected] of [
    [0, 0],
    [1, 1],
    [1500.5, 1500.5],
    [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
    ['0s', 0],
    ['250ms', 250],
    ['10s', 10_000],
    ['5m', 300_000],
    ['90m', 5_400_000],
    ['1h30m', 5_400_000],
    ['7d', 604_800_000],
    ['2w', 1_209_600_000],
    ['1w2d3h4m5s6ms', 788_645_006],
    ['1m5ms', 60_005],
    ['0005s', 5_000],
  ] as const) {
    it(`reads ${JSON.stringify(value)} as ${expected} ms`, () => {
      assert.equal(toMilliseconds(value, 'x'), expected)
    })
  }

  it('turns -0 into 0', () => {
    assert.ok(Object.is(toMilliseconds(-0, 'x'), 0))
  })

  for (const text of [
    '',
    ' ',
    '10',
    '10 s',
    '10 s ',
    ' 10s',
    '10s\n',
    '1h 30m',
    'abc',
    's',
    '-1s',
    '+1s',
    '1.5h',
    '1e3ms',
    '10S',
    '10sec',
    '30m1h',
    '1s1s',
    '1ms1s',
    '1y',
    '١s',
    '99999999999w',
    `${'9'.repeat(400)}ms`,
    `${'0'.repeat(100)}1s`,
  ]) {
    it(`refuses ${JSON.stringify(text.slice(0, 20))} and shows it`, () => refused(text, text.slice(0, 20).trimEnd()))
  }

  for (const value of [
    Number.NaN,
    -1,
    -0.001,
    Infinity,
    -Infinity,
    2 ** 53,
    null,
    undefined,
    true,
    10n,
    [],
    new Date(0),
  ]) {
    it(`refuses ${String(value)} (${typeof value})`, () =>
      refused(value, value instanceof Date ? '1970' : String(value)))
  }

  it('never throws anything else, and stays fast on hostile text', () => {
    const text = fc.oneof(
      fc.string({ maxLength: 5_000 }),
      fc.stringMatching(/^[0-9wdhms .-]{0,80}$/),
      fc.nat(100_000).map((n) => '9'.repeat(n)),
    )
    fc.assert(
      fc.property(fc.oneof(text, fc.anything()), (value) => {
        const begun = processorTime()
        try {
          const milliseconds = toMilliseconds(value, 'x')
          assert.ok(milliseconds >= 0 && milliseconds <= Number.MAX_SAFE_INTEGER)
        } catch (error) {
          assert.ok(error instanceof InvalidOption, String(error))
          assert.ok(error.message.length < 600)
        }
        assert.ok(processorTime() - begun < 500)
      }),
      { numRuns: 2_000 },
    )
  })

  it('survives a value that throws when looked at', () => {
    const hostile = new Proxy({}, { get: () => assert.fail('read'), getPrototypeOf: () => assert.fail('asked') })
    assert.throws(() => toMilliseconds(hostile, 'x'), InvalidOption)
  })
})

describe('formatDuration', () => {
  for (const [value, expected] of [
    [0, '0ms'],
    [250, '250ms'],
    [1_500, '1s500ms'],
    [5_400_000, '1h30m'],
    [86_400_000, '1d'],
    [1_209_600_000, '14d'],
    [0.4, '0ms'],
    [-1_500, '-1s500ms'],
    [Infinity, 'Infinityms'],
  ] as const) {
    it(`writes ${value} as ${expected}`, () => assert.equal(formatDuration(value), expected))
  }

  it('reads back as the same number of milliseconds', () => {
    fc.assert(
      fc.property(fc.oneof(fc.nat(), fc.maxSafeNat()), (n) => assert.equal(toMilliseconds(formatDuration(n), 'x'), n)),
      { numRuns: 2_000 },
    )
  })

  it('agrees with the sum of the parts, whichever units are named', () => {
    const sizes = { w: 604_800_000, d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000, ms: 1 }
    const parts = fc.record(
      Object.fromEntries(Object.keys(sizes).map((unit) => [unit, fc.nat(9_999)])) as Record<
        string,
        fc.Arbitrary<number>
      >,
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(parts, (chosen) => {
        const named = Object.entries(sizes).filter(([unit]) => chosen[unit] !== undefined)
        fc.pre(named.length > 0)
        const text = named.map(([unit]) => `${chosen[unit]}${unit}`).join('')
        const sum = named.reduce((total, [unit, size]) => total + (chosen[unit] ?? 0) * size, 0)
        assert.equal(toMilliseconds(text, 'x'), sum)
      }),
    )
  })
})
