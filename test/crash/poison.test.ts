/** Jobs that kill whatever runs them, beside jobs that do nothing wrong. */
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { type Call, calls } from './calls.ts'
import { CrashRun } from './children.ts'
import { type FinalJob, readFinalFile } from './final-file.ts'
import { supervise } from './supervise.ts'
import { assertClean, judge } from './verdict.ts'

const runs: CrashRun[] = []
after(() => Promise.all(runs.map((run) => run.end())))

async function survive(
  jobs: Call[],
  crashLimit?: (task: string) => number,
): Promise<{ deaths: number; jobs: FinalJob[] }> {
  const run = new CrashRun({ threads: 3 })
  runs.push(run)
  const deaths = await supervise(run, { calls: jobs, consume: true })
  const verdict = judge(run, crashLimit && { crashLimit })
  assertClean(verdict)
  assert.deepEqual(verdict.litter, [])
  return { deaths, jobs: readFinalFile(run.database).jobs }
}

const innocents = (): Call[] => [...calls('waiting', 4, 'long', 700), ...calls('busy', 30, 'short', 3)]

function assertInnocent(jobs: FinalJob[]): void {
  for (const job of jobs.filter(({ task }) => task === 'waiting' || task === 'busy')) {
    assert.equal(job.state, 'SUCCESS', `${job.key}: ${job.error?.message}`)
    // Whatever ran beside the culprit is charged too, but a job that died twice runs alone.
    assert.ok(job.crashes <= 2, `${job.key} was charged with ${job.crashes} deaths`)
  }
}

describe('a job that kills its process', { concurrency: 2 }, () => {
  for (const signal of ['SIGKILL', 'SIGSEGV'] as const) {
    test(`by ${signal} is failed after three deaths, and no other job with it`, async () => {
      const [early, ...others] = innocents()
      const { deaths, jobs } = await survive([early!, { task: 'deadly', args: ['poison', signal] }, ...others])
      assert.equal(deaths, 3)
      const poison = jobs.find(({ task }) => task === 'deadly')!
      assert.equal(poison.state, 'FAILURE')
      assert.equal(poison.error?.code, 'WORKER_LOST')
      assert.equal(poison.crashes, 3)
      assert.deepEqual(
        poison.attempts.map(({ outcome }) => outcome),
        ['crash', 'crash', 'crash'],
      )
      assertInnocent(jobs)
    })
  }

  test('is failed after the first death when its task says onCrash: fail', async () => {
    const { deaths, jobs } = await survive([{ task: 'deadlyOnce', args: ['poison'] }, ...innocents()], (task) =>
      task === 'deadly_once' ? 1 : 3,
    )
    assert.equal(deaths, 1)
    const poison = jobs.find(({ task }) => task === 'deadly_once')!
    assert.equal(poison.state, 'FAILURE')
    assert.equal(poison.error?.code, 'WORKER_LOST')
    assert.equal(poison.crashes, 1)
    assertInnocent(jobs)
  })

  test('among several of its kind ends each of them by itself', async () => {
    const poisons = calls('deadly', 3, 'poison', 'SIGKILL')
    const { deaths, jobs } = await survive([...poisons, ...innocents()])
    // Those that ran side by side share a death.
    assert.ok(deaths >= 5 && deaths <= 9, `${deaths} deaths`)
    for (const job of jobs.filter(({ task }) => task === 'deadly')) {
      assert.equal(job.state, 'FAILURE')
      assert.equal(job.crashes, 3)
    }
    assertInnocent(jobs)
  })
})
