import { join } from 'node:path'
import type { Case, TrialEnv } from '../case.ts'
import { type EntryName, exited, nextMessage, startEntry } from '../entries/entry.ts'
import { median } from '../numbers.ts'
import { expectRows } from '../ours/rows.ts'
import { rawJobs } from '../raw/jobs.ts'

const starts = ({ quick }: TrialEnv) => (quick ? 3 : 10)

/** The median of several starts; the one that creates the file does not count. */
async function medianStart(env: TrialEnv, entry: EntryName, database: string): Promise<number> {
  const times: number[] = []
  for (let i = 0; i <= starts(env); i++) {
    const child = startEntry(entry, [database])
    const { ms } = await nextMessage<{ ms: number }>(child)
    await exited(child)
    if (i > 0) times.push(ms)
  }
  return median(times)
}

export const coldStart: Case = {
  name: 'cold-start',
  what: 'process start → first result of a no-op, on an existing file',
  baseline: 'process start → open the database, insert, claim, raw piscina with 1 thread, finish',
  trials: {
    async ours(env) {
      const file = join(env.dir, 'ours.db')
      const ms = await medianStart(env, 'cold-ours', file)
      expectRows(file, { SUCCESS: starts(env) + 1 })
      return { ms }
    },
    async raw(env) {
      const file = join(env.dir, 'raw.db')
      const ms = await medianStart(env, 'cold-raw', file)
      const jobs = rawJobs(file, 0)
      jobs.expect(0, starts(env) + 1)
      jobs.close()
      return { ms }
    },
  },
  figures: [{ name: 'cold-start', unit: 'ms', ours: 'ours.ms', baseline: 'raw.ms', compare: 'ratio', most: 2 }],
}
