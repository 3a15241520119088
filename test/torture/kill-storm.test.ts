/** Processes killed and suspended at random instants: the short form of `npm run torture -- kill-storm`. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CrashRun } from '../crash/children.ts'
import { patchedPackage, removePatchedPackage } from '../crash/patched-package.ts'
import { SHORT_LEASE } from '../crash/planted-bugs.ts'
import { seeded, seedOfRun } from '../crash/random.ts'
import { wakeUpLate } from '../crash/scenarios.ts'
import { assertClean } from '../crash/verdict.ts'
import { killStormSuite } from './kill-storm/suite.ts'

test('nothing is lost by 300 kills of processes of which half were suspended before', async (t) => {
  const seed = seedOfRun()
  t.diagnostic(`CRASH_SEED=${seed}`)
  const { violations, notes } = await killStormSuite.run({
    size: 'short',
    share: 1,
    random: seeded(seed),
    progress: () => {},
  })
  t.diagnostic(JSON.stringify(notes))
  assert.deepEqual(violations, [])
  assert.equal(notes.kills, 300)
  // Half of them on average, and the seed is drawn anew each time.
  assert.ok(Number(notes.suspensions) > 80, `only ${notes.suspensions} processes were suspended`)
  // One of five has a pool, and a busy machine may kill it before it has let it begin.
  assert.ok(Number(notes.worked) > 12, `only ${notes.worked} processes had begun a job when they were killed`)
})

test('a process that wakes up after its lease changes nothing', async () => {
  const pkg = patchedPackage(SHORT_LEASE)
  const run = new CrashRun({ pkg })
  try {
    assertClean(await wakeUpLate(run, seeded(1)))
  } finally {
    await run.end()
    removePatchedPackage(pkg)
  }
})
