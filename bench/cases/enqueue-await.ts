import { join } from 'node:path'
import type { Case, TrialEnv } from '../case.ts'
import { latency } from '../latency.ts'
import { openApp } from '../ours/app.ts'
import { expectRows } from '../ours/rows.ts'
import { rawJobs } from '../raw/jobs.ts'

const calls = ({ quick }: TrialEnv) => (quick ? 200 : 2_000)
/** As in the other cases: what V8 compiles meanwhile takes a third of the machine, which a second thread would need. */
const WARMUP = 2_000

export const enqueueAwait: Case = {
  name: 'enqueue-await',
  what: '`await noop.delay()` one after another, nobody consuming',
  baseline: 'one row inserted and committed at a time',
  trials: {
    async ours(env) {
      const file = join(env.dir, 'ours.db')
      const { app, noop } = await openApp(file)
      const { perSecond } = await latency(() => noop.delay(), calls(env), WARMUP)
      await app.stop()
      expectRows(file, { PENDING: calls(env) + WARMUP })
      return { perSecond }
    },
    async raw(env) {
      const jobs = rawJobs(join(env.dir, 'raw.db'), calls(env) + WARMUP)
      const { perSecond } = await latency(async () => jobs.insert(), calls(env), WARMUP)
      jobs.expect(calls(env) + WARMUP, 0)
      jobs.close()
      return { perSecond }
    },
  },
  figures: [
    {
      name: 'enqueue-await',
      unit: '/s',
      ours: 'ours.perSecond',
      baseline: 'raw.perSecond',
      compare: 'ratio',
      least: 0.6,
    },
  ],
}
