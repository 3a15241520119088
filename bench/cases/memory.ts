import { join } from 'node:path'
import type { Case, Sample, Trial } from '../case.ts'
import { exited, nextMessage, startEntry } from '../entries/entry.ts'
import { makeBacklog, milestonesPath, takeBacklog } from '../ours/backlog.ts'
import { expectRows, readRows } from '../ours/rows.ts'

const largeOf = (quick: boolean) => (quick ? 50_000 : 1_000_000)
const runOf = (quick: boolean) => (quick ? 5_000 : 20_000)
/** Seconds of quiet, after which V8 has given back what it took under load. */
const restOf = (quick: boolean) => (quick ? 5 : 30)

const worker =
  (name: string, rest: (quick: boolean) => number): Trial =>
  async (env) => {
    const file = takeBacklog(env.shared, name, env.dir)
    const child = startEntry('resident', [file, milestonesPath(env.shared, name), String(rest(env.quick))])
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
  what: 'resident set of a worker with 2 threads: after one job; after 20,000 no-op jobs and 30 s of quiet; and the most while it runs these',
  baseline: 'a bare Node process, three times; and the same 20,000 jobs with no other queued instead of 1,000,000',
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
    small: worker('memory-small', restOf),
    large: worker('memory-large', () => 0),
    async begun(env) {
      const file = join(env.dir, 'begun.db')
      const child = startEntry('resident', ['begun', file])
      const sample = await nextMessage<Sample>(child)
      await exited(child)
      expectRows(file, { SUCCESS: 1 })
      return sample
    },
    async bare() {
      const child = startEntry('resident', ['bare'])
      return await nextMessage<Sample>(child)
    },
  },
  figures: [
    {
      name: 'memory, 2 threads',
      unit: 'MB',
      ours: 'begun.idle',
      baseline: 'bare.idle',
      compare: 'difference',
      most: 60,
    },
    {
      name: 'memory, rested',
      unit: 'MB',
      ours: 'small.idle',
      baseline: 'bare.idle',
      compare: 'difference',
      most: 60,
    },
    {
      name: 'memory, peak',
      unit: 'MB',
      ours: 'small.peak',
      baseline: 'bare.peak',
      compare: 'difference',
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
