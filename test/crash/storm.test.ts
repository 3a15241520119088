/**
 * Processes killed at random instants, over and over, on the same files. For a longer storm, or to repeat one's choices:
 * `CRASH_KILLS=20000 CRASH_SEED=7 node dist/test/crash/storm.test.js`.
 */
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { CrashRun } from './children.ts'
import { killStorm } from './kill-storm.ts'
import { killsOfRun, seeded, seedOfRun } from './random.ts'
import { assertClean, drainAndJudge } from './verdict.ts'

const KILLS = killsOfRun(160)
/** Kills on one file, so that its log stays small. */
const KILLS_A_FILE = 40

const runs: CrashRun[] = []
after(() => Promise.all(runs.map((run) => run.end())))

describe('a storm of kills', { concurrency: 2 }, () => {
  for (let left = KILLS, file = 1; left > 0; left -= KILLS_A_FILE, file++) {
    const kills = Math.min(left, KILLS_A_FILE)
    // In half of the files nobody is left to take over: the next process finds what the last one held.
    const processes = (file - 1) % 4 < 2 ? 1 : 3
    test(`file ${file}: nothing is lost by ${kills} kills of ${processes === 1 ? 'one process' : 'three processes'}`, async (t) => {
      const seed = seedOfRun()
      t.diagnostic(`CRASH_SEED=${seed}`)
      const run = new CrashRun()
      runs.push(run)
      const began = performance.now()
      await killStorm(run, seeded(seed), { kills, processes })
      const verdict = await drainAndJudge(run)
      const seconds = Math.round((performance.now() - began) / 1000)
      const { jobs, faults, worked, extraRuns, worst } = verdict
      t.diagnostic(
        `${faults} kills in ${seconds} s, ${worked} of processes that had begun jobs; ${verdict.runs} runs of ${jobs} jobs, ${extraRuns} of them extra, at most ${worst} after one kill`,
      )
      assert.equal(faults, kills)
      assert.ok(worked > kills / 2, `only ${worked} of ${kills} processes had begun a job when they were killed`)
      assertClean(verdict, `CRASH_SEED=${seed}`)
    })
  }
})
