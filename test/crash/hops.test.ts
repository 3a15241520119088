/** Killed at each hop of a job, one by one; what may follow is known exactly. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Call, calls, type HopOrders } from './calls.ts'
import { CrashRun } from './children.ts'
import { type FinalJob, readFinalFile } from './final-file.ts'
import { seeded, seedOfRun } from './random.ts'
import * as scenarios from './scenarios.ts'
import { assertClean, drainAndJudge } from './verdict.ts'

const runs: CrashRun[] = []
after(() => Promise.all(runs.map((run) => run.end())))

function open(): CrashRun {
  const run = new CrashRun()
  runs.push(run)
  return run
}

/** Jobs of a name, with how they ended, once processes with these orders have died one after another. */
async function afterDeaths(deaths: HopOrders[]): Promise<(name: string) => object[]> {
  const run = open()
  for (const orders of deaths) {
    const child = run.start('hop', orders)
    assert.equal((await child.ended).signal, 'SIGKILL', `the process did not die at its hop: ${child.output}`)
  }
  const verdict = await drainAndJudge(run)
  assertClean(verdict)
  assert.deepEqual(verdict.litter, [])
  const { jobs } = readFinalFile(run.database)
  return (name) => jobs.filter(({ key }) => key.startsWith(`${name}-`)).map(outcomeOf)
}

const outcomeOf = ({ state, attempt, crashes }: FinalJob): object => ({ state, attempt, crashes })
const UNHARMED = { state: 'SUCCESS', attempt: 1, crashes: 0 }
const RUN_AGAIN = { state: 'SUCCESS', attempt: 2, crashes: 1 }

describe('a process killed while it enqueues', () => {
  const COUNT = 40
  const jobs = (name: string): Call[] => calls('busy', COUNT, name, 0)
  let ended: (name: string) => object[]
  before(async () => {
    ended = await afterDeaths([
      { calls: jobs('called'), die: 'called' },
      { calls: jobs('posted'), die: 'posted' },
      { calls: jobs('posted many'), way: 'many', die: 'posted' },
      { calls: jobs('acknowledged'), die: 'acknowledged' },
      { calls: jobs('acknowledged many'), way: 'many', die: 'acknowledged' },
      { calls: jobs('not committed'), way: 'commit', die: 'before-commit' },
      { calls: jobs('committed'), way: 'commit', die: 'after-commit' },
    ])
  })

  test('in the call itself: nothing was sent, nothing is stored', () => assert.deepEqual(ended('called'), []))

  test('between the call and the acknowledgement: all of one turn is stored, or nothing', () => {
    for (const name of ['posted', 'posted many']) {
      const stored = ended(name)
      assert.ok(stored.length === 0 || stored.length === COUNT, `${stored.length} of ${COUNT} jobs are stored`)
    }
  })

  test('right after the acknowledgement: every job runs, once', () => {
    for (const name of ['acknowledged', 'acknowledged many']) {
      assert.deepEqual(ended(name), Array(COUNT).fill(UNHARMED))
    }
  })

  test('in its own transaction, before the commit: neither its row nor the job is there', () => {
    assert.deepEqual(ended('not committed'), [])
  })

  test('in its own transaction, after the commit: row and job are there, and the job runs', () => {
    assert.deepEqual(ended('committed'), Array(COUNT).fill(UNHARMED))
  })
})

describe('a process killed under a job', () => {
  const DELAYS = [0, 1, 2, 4]
  const dying = (name: string, ...rest: unknown[]): HopOrders => ({
    calls: calls('dying', 1, name, ...rest),
    consume: true,
  })
  let ended: (name: string) => object[]
  before(async () => {
    ended = await afterDeaths([
      dying('began', 'began'),
      dying('effect', 'effect'),
      ...DELAYS.map((delay) => dying(`returned ${delay}`, 'returned', delay)),
    ])
  })

  test('when the task began: it runs again and the death is counted', () => {
    assert.deepEqual(ended('began'), [RUN_AGAIN])
  })

  test('after the effect, before the task returns: it runs again and the death is counted', () => {
    assert.deepEqual(ended('effect'), [RUN_AGAIN])
  })

  test('after the task returned: its outcome is in the file, or it runs again', () => {
    for (const delay of DELAYS) {
      const [job] = ended(`returned ${delay}`)
      const legal = [UNHARMED, RUN_AGAIN].map((outcome) => JSON.stringify(outcome))
      assert.ok(legal.includes(JSON.stringify(job)), `${delay} ms after: ${JSON.stringify(job)}`)
    }
  })

  test('from outside, as soon as the effect is seen', async () => {
    const run = open()
    const child = run.start('hop', { calls: calls('waiting', 4, 'seen', 3), consume: true })
    await run.seen('effect', (event) => event.what === 'effect')
    await child.kill()
    assertClean(await drainAndJudge(run))
  })

  test('only what ran is charged; what waited in line behind it is not', async () => {
    const run = open()
    const verdict = await scenarios.killWhileRunning(run, seeded(1))
    assertClean(verdict)
    assert.deepEqual(verdict.litter, [])
    const { jobs } = readFinalFile(run.database)
    for (const job of jobs) assert.deepEqual(outcomeOf(job), job.task === 'hanging' ? RUN_AGAIN : UNHARMED, job.key)
    assert.equal(jobs.length, 22)
  })
})

describe('a promise and the commit behind it', { concurrency: 2 }, () => {
  const held: [title: string, scenario: scenarios.Scenario][] = [
    ['nothing is acknowledged before it is committed', scenarios.killBeforeCommit],
    ['no end is reported before it is committed', scenarios.killBeforeOutcome],
    ['a transaction that is taken back takes its jobs with it', scenarios.takeBack],
    ['a flood of very short jobs keeps its results', scenarios.killInFlood],
    ['two processes share the work and run nothing twice', scenarios.shareTheWork],
  ]
  for (const [title, scenario] of held) {
    test(title, async (t) => {
      const seed = seedOfRun()
      t.diagnostic(`CRASH_SEED=${seed}`)
      assertClean(await scenario(open(), seeded(seed)), `CRASH_SEED=${seed}`)
    })
  }
})
