import assert from 'node:assert/strict'
import { test } from 'node:test'
import { optionsOf, USAGE } from './options.ts'
import { SUITES } from './suites.ts'

test('npm run torture takes some suites, a size, a share, a seed and a time', () => {
  const { suites, ...rest } = optionsOf(['soak', 'model', '--seconds', '28800', '--seed', '7', '--json'])
  assert.deepEqual(
    suites.map(({ name }) => name),
    ['model', 'soak'],
  )
  const given = { seconds: 28_800, seed: 7, json: true }
  assert.deepEqual(rest, { size: 'short', share: 1, planted: false, help: false, ...given })
  assert.deepEqual(optionsOf([]).suites, SUITES)
  assert.equal(optionsOf(['--size', 'nightly', '--share', '0.1']).seconds, null)
  for (const { name } of SUITES) assert.ok(USAGE.includes(name), name)
})

test('and refuses what it does not know, with what it does', () => {
  const refused: [string[], RegExp][] = [
    [['flood'], /no suite "flood"\. Suites: .*soak/],
    [['--size', 'huge'], /no size "huge"\. Sizes: short, nightly, release/],
    [['--share', '0'], /share "0"/],
    [['--seed', 'x'], /seed "x"/],
    [['soak', '--seconds', '9'], /seconds "9" are no number from 10/],
    [['soak', '--seconds', 'long'], /seconds "long"/],
    [['model', '--seconds', '60'], /for soak, which was not asked for/],
    [['--minutes', '3'], /--minutes/],
  ]
  for (const [args, message] of refused) assert.throws(() => optionsOf(args), message, args.join(' '))
})
