import assert from 'node:assert/strict'
import { test } from 'node:test'
import { describeTotal, type Line, totalOf } from './summary.ts'

const LINES: Line[] = [
  { suite: 'kill-storm', seconds: 3, cases: 12, kills: 10, violations: [], notes: {} },
  { suite: 'model', seconds: 1.5, cases: 5_000, violations: ['a', 'b'], notes: {} },
  { suite: 'soak', seconds: 0, missing: 'it looks into /proc' },
  { suite: 'cron', seconds: 1, failed: 'Error: x' },
]

test('the last line of a run has its total, its seed and how long it took', () => {
  const options = { size: 'nightly', share: 0.5, seed: 7 } as const
  const total = totalOf(LINES, 5.25)
  assert.deepEqual(total, { cases: 5_012, kills: 10, violations: 2, failed: 1, missing: 1, seconds: 5.25 })
  const text = describeTotal(LINES, total, options).split('\n')
  assert.equal(
    text.at(-1),
    'In all: 5012 cases, 10 kills, 2 violations, 1 suites FAILED, 1 suites not run; size 0.5 of nightly, seed 7, 5.3 s.',
  )
  for (const [i, part] of ['0 violations in 12 cases', '2 violations in 5000', 'not run: it', 'FAILED'].entries())
    assert.ok(text[i + 1]?.includes(part), text[i + 1])
  const alone = LINES.slice(0, 1)
  const one = describeTotal(alone, totalOf(alone, 3), { ...options, share: 1 })
  assert.equal(one, 'In all: 12 cases, 10 kills, 0 violations; size nightly, seed 7, 3.0 s.')
})
