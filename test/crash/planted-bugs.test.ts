/** The suite proves itself: with a bug planted in a copy of the library, the checker must find it. */
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { describeViolations } from './check.ts'
import { CrashRun } from './children.ts'
import { patchedPackage, removePatchedPackages } from './patched-package.ts'
import { PLANTED_BUGS, SHORT_LEASE } from './planted-bugs.ts'
import { seeded, seedOfRun } from './random.ts'
import * as scenarios from './scenarios.ts'
import { assertClean } from './verdict.ts'

/** Histories after which a bug counts as not found. */
const TRIES = 8

const runs: CrashRun[] = []
after(async () => {
  await Promise.all(runs.map((run) => run.end()))
  removePatchedPackages()
})

describe('planted bugs', { concurrency: 2 }, () => {
  for (const { title, patches, conditions = [], scenario, finds } of PLANTED_BUGS) {
    test(`${title}: the checker says ${finds.join(' or ')}`, async (t) => {
      assert.equal(new Set(patches.map(({ file }) => file)).size, 1, 'one bug, one file')
      const pkg = patchedPackage([...conditions, ...patches])
      const seed = seedOfRun()
      t.diagnostic(`CRASH_SEED=${seed}`)
      const others: string[] = []
      for (let tried = 1; tried <= TRIES; tried++) {
        const run = new CrashRun({ pkg })
        runs.push(run)
        const verdict = await scenario(run, seeded(seed + tried))
        const found = verdict.violations.find(({ invariant }) => finds.includes(invariant))
        if (found) {
          t.diagnostic(`found in history ${tried}: ${found.invariant}: ${found.text}`)
          return
        }
        others.push(describeViolations(verdict))
      }
      assert.fail(`not found in ${TRIES} histories; instead: ${others.join('\n') || 'nothing'}`)
    })
  }

  test('none: a late process changes nothing when only the lease is shortened', async () => {
    const run = new CrashRun({ pkg: patchedPackage(SHORT_LEASE) })
    runs.push(run)
    assertClean(await scenarios.wakeUpLate(run, seeded(1)))
  })
})

test('a patch whose text is not there, or there twice, is refused', () => {
  for (const find of ['no such text', 'const']) {
    assert.throws(() => patchedPackage([{ file: 'engine/turn.js', find, put: '' }]), /planted bug needs it once/)
  }
})
