/** Databases that went bad: the short form of `npm run torture -- damaged-files`. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { removePatchedPackages } from '../crash/patched-package.ts'
import { seeded, seedOfRun } from '../crash/random.ts'
import { damagedFiles } from './damaged-files/suite.ts'
import { violationsOf } from './patched-run.ts'

after(removePatchedPackages)

test('a damaged file works or is refused with a reason', async (t) => {
  const seed = seedOfRun()
  t.diagnostic(`CRASH_SEED=${seed}`)
  const report = await damagedFiles.run({ size: 'short', share: 0.2, random: seeded(seed), progress: () => {} })
  t.diagnostic(JSON.stringify(report.notes))
  assert.deepEqual(report.violations, [])
  assert.equal(report.cases, 50)
})

test('a library that passes on what SQLite says is found out', () => {
  const find = "if (code === 'SQLITE_NOTADB') {"
  const patch = { file: 'store/sqlite-errors.js', find, put: `if (code !== '') throw error; ${find}` }
  assert.notEqual(violationsOf('damaged-files', [patch], 0.2).length, 0)
})
