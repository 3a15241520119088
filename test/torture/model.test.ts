/** Anything that may be done to jobs, checked against a model: the short form of `npm run torture -- model`. */
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { type Patch, removePatchedPackages } from '../crash/patched-package.ts'
import { seeded, seedOfRun } from '../crash/random.ts'
import { model } from './model/suite.ts'
import { violationsOf } from './patched-run.ts'

after(removePatchedPackages)

test('whatever is done to jobs, the file says what the model says', async (t) => {
  // One seed, so that what a change breaks is told from what was never found; nightly runs draw theirs.
  const seed = process.env.CRASH_SEED === undefined ? 1 : seedOfRun()
  t.diagnostic(`CRASH_SEED=${seed}`)
  const report = await model.run({ size: 'short', share: 1, random: seeded(seed), progress: () => {} })
  assert.deepEqual(report.violations, [])
  assert.ok(report.cases >= 5_000, `${report.cases} steps`)
})

const BUGS: ({ title: string } & Patch)[] = [
  {
    title: 'no fencing: what a dead process says of its jobs is written',
    file: 'store/jobs/settle.js',
    find: `const HELD = "WHERE seq = ? AND state = 'STARTED' AND owner = ? AND token = ?";`,
    put: 'const HELD = "WHERE seq = ? AND ? IS NOT NULL AND ? IS NOT NULL";',
  },
  {
    title: 'the place of a job that ended is given to nobody',
    file: 'engine/settler.js',
    find: 'this.#store.admission.refill(concurrencyKey);',
    put: ';',
  },
  {
    title: 'jobs are claimed in the order of arrival',
    file: 'store/jobs/claim.js',
    find: 'ORDER BY rank, seq LIMIT ? + 0',
    put: 'ORDER BY seq LIMIT ? + 0',
  },
  {
    title: 'a job that is retried by hand stays among the counted',
    file: 'store/jobs/retry.js',
    find: 'this.#tally.left(before);',
    put: ';',
  },
  {
    title: 'a job that was to be revoked is run again when its process dies',
    file: 'engine/rescuer.js',
    find: 'this.#store.revocations.heed(orphan.seq, now)',
    put: '[]',
  },
  {
    title: 'a clock that is set back leaves schedules waiting for it',
    file: 'engine/beat.js',
    find: 'if (this.#setBack) {',
    put: 'if (false) {',
  },
  {
    title: 'a clock that is set back leaves jobs waiting for the rate of their key',
    file: 'engine/dispatcher.js',
    find: 'this.#store.rates.rouseAll(now);',
    put: ';',
  },
  {
    title: 'a transaction that is undone counts all the same',
    file: 'store/store.js',
    find: `catch (error) {
            this.#tally.clear();
            this.rates.clear();`,
    put: `catch (error) {
            this.rates.clear();`,
  },
]

describe('a planted bug is found by the model:', () => {
  for (const { title, ...patch } of BUGS) {
    test(title, () => {
      const [violation = ''] = violationsOf('model', [patch], 2, 1)
      assert.match(violation, /^seed \d+: after\n/)
    })
  }
})
