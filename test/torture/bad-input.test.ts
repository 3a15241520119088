/** Any value as argument, result, error and option: the short form of `npm run torture -- bad-input`. */
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { removePatchedPackages } from '../crash/patched-package.ts'
import { seeded, seedOfRun } from '../crash/random.ts'
import { badInput } from './bad-input/suite.ts'
import { violationsOf } from './patched-run.ts'

after(removePatchedPackages)

test('whatever comes in is kept as it is, or refused with a reason', async (t) => {
  const seed = seedOfRun()
  t.diagnostic(`CRASH_SEED=${seed}`)
  const report = await badInput.run({ size: 'short', share: 1, random: seeded(seed), progress: () => {} })
  assert.deepEqual(report.violations.slice(0, 5), [])
  assert.ok(report.cases >= 5_000, `${report.cases} cases`)
})

describe('a planted bug is found by bad input:', () => {
  test('what JSON changes is let through', () => {
    const find = 'if (prototype !== Object.prototype && prototype !== null && !isForeignObjectPrototype(prototype)) {'
    assert.notEqual(
      violationsOf('bad-input', [{ file: 'domain/strict-json.js', find, put: 'if (false) {' }], 0.2).length,
      0,
    )
  })

  test('a wrong option is refused without a code', () => {
    const find = 'export function refuse(option, value, allowed) {'
    const patch = { file: 'options/check.js', find, put: `${find} throw new Error('wrong');` }
    assert.notEqual(violationsOf('bad-input', [patch], 0.1).length, 0)
  })
})
