/** Killed while schedules fire. */
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { CrashRun } from './children.ts'
import { readFinalFile } from './final-file.ts'
import { seeded, seedOfRun } from './random.ts'
import { killFirers } from './scenarios.ts'
import { assertClean } from './verdict.ts'

const KILLS = 4

const runs: CrashRun[] = []
after(() => Promise.all(runs.map((run) => run.end())))

describe('killed while schedules fire', { concurrency: 2 }, () => {
  for (const processes of [1, 2]) {
    test(`${processes === 1 ? 'one process fires' : 'two processes fire'} each slot once`, async (t) => {
      const seed = seedOfRun()
      t.diagnostic(`CRASH_SEED=${seed}`)
      const run = new CrashRun()
      runs.push(run)
      const verdict = await killFirers(run, seeded(seed), { rounds: KILLS / processes, processes })
      t.diagnostic(`${verdict.faults} kills, ${verdict.times.length} slots, ${verdict.extraRuns} extra runs`)
      assertClean(verdict, `CRASH_SEED=${seed}`)
      const decided = readFinalFile(run.database).slots.filter(({ schedule }) => schedule.startsWith('at-'))
      assert.deepEqual(
        decided.map(({ schedule, slot, outcome }) => `${schedule} ${slot} ${outcome}`).sort(),
        verdict.times.map((at) => `at-${at} ${at} fired`).sort(),
      )
    })
  }
})
