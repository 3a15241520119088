import type { Case, Sample, Trial } from '../case.ts'
import { exited, nextMessage, startEntry } from '../entries/entry.ts'
import { makeBacklog, milestonesPath, takeBacklog } from '../ours/backlog.ts'
import { expectRows, readRows } from '../ours/rows.ts'

const largeOf = (quick: boolean) => (quick ? 50_000 : 1_000_000)
const runOf = (quick: boolean) => (quick ? 5_000 : 20_000)

const worker =
  (name: string): Trial =>
  async (env) => {
    const file = takeBacklog(env.shared, name, env.dir)
    const child = startEntry('resident', [file, milestonesPath(env.shared, name)])
    const sample = await nextMessage<Sample>(child)
    await exited(child)
    if (name === 'memory-small') expectRows(file, { SUCCESS: runOf(env.quick) })
    else expectAtLeast(file, runOf(env.quick))
    return sample
  }

function expectAtLeast(file: string, jobs: number): void {
  const rows = readRows(file)
  const { SUCCESS = 0, PENDING: _queued, ...others } = rows.states()
  rows.close()
  if (SUCCESS < jobs || Object.keys(others).length > 0)
    throw new Error(`expected ${jobs} jobs or more to have succeeded, found ${SUCCESS} and ${JSON.stringify(others)}`)
}

export const memory: Case = {
  name: 'memory',
  what: 'resident set of a worker with 2 threads: idle after 20,000 no-op jobs; and the most while it runs 20,000',
  baseline: 'a bare Node process; and the same 20,000 jobs with no other queued instead of 1,000,000',
  timeLimit: 600,
  prepare: {
    'memory-small': makeBacklog('memory-small', (quick) => ({
      jobs: runOf(quick),
      finished: false,
      milestones: [runOf(quick)],
    })),
    'memory-large': makeBacklog('memory-large', (quick) => ({
      jobs: runOf(quick) + largeOf(quick),
      finished: false,
      milestones: [runOf(quick)],
    })),
  },
  trials: {
    small: worker('memory-small'),
    large: worker('memory-large'),
    async bare() {
      const child = startEntry('resident', ['bare'])
      return await nextMessage<Sample>(child)
    },
  },
  figures: [
    {
      name: 'memory, 2 threads',
      unit: 'MB',
      ours: 'small.idle',
      baseline: 'bare.idle',
      compare: 'difference',
      most: 60,
    },
    {
      name: 'memory, backlog',
      unit: 'MB',
      ours: 'large.peak',
      baseline: 'small.peak',
      compare: 'difference',
      most: 20,
    },
  ],
}
