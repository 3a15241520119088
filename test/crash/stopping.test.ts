/** Killed while `stop()` is under way, and stopped without a kill. */
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { calls } from './calls.ts'
import { CrashRun } from './children.ts'
import { until } from './conditions.ts'
import { readFinalFile } from './final-file.ts'
import { seeded, seedOfRun } from './random.ts'
import { assertClean, drainAndJudge } from './verdict.ts'

/** Stops on each file. */
const STOPS = 6
const JOBS = 30
/** Longest time from the request to stop until the kill, in ms: a stop takes about as long. */
const WINDOW = 100

const runs: CrashRun[] = []
after(() => Promise.all(runs.map((run) => run.end())))

describe('a process that is stopping', { concurrency: 2 }, () => {
  for (const order of ['stop', 'stop now']) {
    test(`loses nothing when it is killed in the middle of "${order}"`, async (t) => {
      const seed = seedOfRun()
      t.diagnostic(`CRASH_SEED=${seed}`)
      const random = seeded(seed)
      const run = new CrashRun()
      runs.push(run)
      let killed = 0
      for (let i = 0; i < STOPS; i++) {
        const name = `stop${i}`
        const child = run.start('hop', { calls: calls('waiting', JOBS, name, 4), consume: true })
        await until('jobs run', () => run.events().some((e) => e.what === 'began' && e.key.startsWith(name)))
        // A stop that waits for nothing ends runs in the middle, on purpose: their attempts are given back.
        if (order === 'stop now') run.log.write({ what: 'stop', victim: child.pid })
        child.tell(order)
        await child.gives('stopping')
        await pause(random() * WINDOW)
        if (await child.kill()) killed++
      }
      t.diagnostic(`${killed} of ${STOPS} were killed before they had stopped`)
      assertClean(await drainAndJudge(run), `CRASH_SEED=${seed}`)
    })
  }

  test('gives interrupted jobs back with their attempt, and leaves nothing behind', async () => {
    const run = new CrashRun()
    runs.push(run)
    const child = run.start('hop', {
      calls: [...calls('hanging', 2, 'held'), ...calls('busy', 20, 'line', 1)],
      consume: true,
    })
    await until('both threads hang', () => run.events().filter((e) => e.what === 'began').length >= 2)
    run.log.write({ what: 'stop', victim: child.pid })
    child.tell('stop now')
    assert.equal((await child.ended).code, 0, child.output)
    const held = readFinalFile(run.database)
    assert.deepEqual([held.processes, held.litter], [0, []])
    for (const job of held.jobs.filter(({ task }) => task === 'hanging')) {
      assert.deepEqual([job.state, job.attempt, job.crashes], ['PENDING', 0, 0])
    }
  })
})
