/** Tasks that end their own thread: the process and the other jobs go on. */
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { type Call, calls } from './calls.ts'
import { CrashRun, type RunOptions } from './children.ts'
import { type FinalJob, readFinalFile } from './final-file.ts'
import { supervise } from './supervise.ts'
import { assertClean, judge } from './verdict.ts'

const runs: CrashRun[] = []
after(() => Promise.all(runs.map((run) => run.end())))

async function survive(
  jobs: Call[],
  { lossPerFault = 1, ...options }: RunOptions & { lossPerFault?: number } = {},
): Promise<FinalJob[]> {
  const run = new CrashRun(options)
  runs.push(run)
  assert.equal(await supervise(run, { calls: jobs, consume: true }), 0, 'the process died')
  const verdict = judge(run, { lossPerFault, crashLimit: (task) => (task === 'exiting_once' ? 1 : 3) })
  assertClean(verdict)
  assert.deepEqual(verdict.litter, [])
  return readFinalFile(run.database).jobs
}

function assertFailed(job: FinalJob | undefined, deaths: number): void {
  assert.equal(job?.state, 'FAILURE')
  assert.equal(job.error?.code, 'WORKER_LOST')
  assert.equal(job.crashes, deaths)
  assert.equal(job.attempts.length, deaths)
}

function assertOthersFine(jobs: FinalJob[], key: string): void {
  for (const job of jobs) {
    if (job.key === key) continue
    assert.equal(job.state, 'SUCCESS', `${job.key}: ${job.error?.message}`)
    assert.equal(job.crashes, 0, `${job.key} was charged with another job's death`)
  }
}

describe('a job that ends its thread', { concurrency: 2 }, () => {
  test('by process.exit() is failed after three threads; the jobs beside it are not charged', async () => {
    const jobs = await survive([
      ...calls('waiting', 2, 'long', 300),
      { task: 'exiting', args: ['exit', true] },
      ...calls('busy', 20, 'short', 2),
    ])
    assertFailed(
      jobs.find(({ key }) => key === 'exit'),
      3,
    )
    assertOthersFine(jobs, 'exit')
  })

  test('is charged though jobs of its task wait in line behind it, because they used to be short', async () => {
    const jobs = await survive(
      [
        ...calls('exiting', 200, 'fine', false),
        { task: 'exiting', args: ['exit', true] },
        ...calls('exiting', 200, 'behind', false),
      ],
      // Of jobs this short, a batch that was not answered yet dies with the thread and runs again.
      { threads: 1, lossPerFault: 256 },
    )
    assertFailed(
      jobs.find(({ key }) => key === 'exit'),
      3,
    )
    assertOthersFine(jobs, 'exit')
  })

  test('is failed after one thread when its task says onCrash: fail', async () => {
    const jobs = await survive([{ task: 'exitingOnce', args: ['exit'] }, ...calls('busy', 20, 'short', 2)])
    assertFailed(
      jobs.find(({ key }) => key === 'exit'),
      1,
    )
    assertOthersFine(jobs, 'exit')
  })

  test('by filling the heap that resourceLimits allow is failed after three threads', async () => {
    const jobs = await survive([{ task: 'hungry', args: ['hungry'] }, ...calls('busy', 20, 'short', 2)], { heap: 24 })
    assertFailed(
      jobs.find(({ key }) => key === 'hungry'),
      3,
    )
    assertOthersFine(jobs, 'hungry')
  })
})
