import { join } from 'node:path'
import type { Case, TrialEnv } from '../case.ts'
import { expectEqual } from '../check.ts'
import { openApp } from '../ours/app.ts'
import { enqueue } from '../ours/drain.ts'
import { expectRows } from '../ours/rows.ts'
import { rawJobs } from '../raw/jobs.ts'

const jobsOf = ({ quick }: TrialEnv) => (quick ? 5_000 : 50_000)

export const enqueueMany: Case = {
  name: 'enqueue-many',
  what: '`delayMany` of 50,000, nobody consuming; both sides after another such call',
  baseline: '50,000 rows inserted in one transaction',
  trials: {
    async ours(env) {
      const file = join(env.dir, 'ours.db')
      const opened = await openApp(file)
      await enqueue(opened, jobsOf(env))
      const began = performance.now()
      const handles = await enqueue(opened, jobsOf(env))
      const perSecond = (jobsOf(env) / (performance.now() - began)) * 1000
      expectEqual(new Set(handles.map((handle) => handle.id)).size, jobsOf(env), 'different ids')
      await opened.app.stop()
      expectRows(file, { PENDING: 2 * jobsOf(env) })
      return { perSecond }
    },
    async raw(env) {
      const jobs = rawJobs(join(env.dir, 'raw.db'), 2 * jobsOf(env))
      jobs.insertMany(jobsOf(env))
      const began = performance.now()
      jobs.insertMany(jobsOf(env))
      const perSecond = (jobsOf(env) / (performance.now() - began)) * 1000
      jobs.expect(2 * jobsOf(env), 0)
      jobs.close()
      return { perSecond }
    },
  },
  figures: [
    {
      name: 'enqueue-many',
      unit: '/s',
      ours: 'ours.perSecond',
      baseline: 'raw.perSecond',
      compare: 'ratio',
      least: 0.5,
    },
  ],
}
