import { join } from 'node:path'
import type { Case, TrialEnv } from '../case.ts'
import { latency } from '../latency.ts'
import { openApp } from '../ours/app.ts'
import { expectRows } from '../ours/rows.ts'
import { rawJobs } from '../raw/jobs.ts'

const calls = ({ quick }: TrialEnv) => (quick ? 200 : 2_000)
/** Of both sides: a steady state. Until then V8 compiles beside the calls, on the cores that two threads of ours need and one of the baseline's does not. */
const warmup = ({ quick }: TrialEnv) => (quick ? 500 : 10_000)

export const enqueueAwait: Case = {
  name: 'enqueue-await',
  what: '`await noop.delay()` one after another, nobody consuming; both sides after 10,000 calls',
  baseline: 'one row inserted and committed at a time',
  trials: {
    async ours(env) {
      const file = join(env.dir, 'ours.db')
      const { app, noop } = await openApp(file)
      const { perSecond } = await latency(() => noop.delay(), calls(env), warmup(env))
      await app.stop()
      expectRows(file, { PENDING: calls(env) + warmup(env) })
      return { perSecond }
    },
    async raw(env) {
      const jobs = rawJobs(join(env.dir, 'raw.db'), calls(env) + warmup(env))
      const { perSecond } = await latency(async () => jobs.insert(), calls(env), warmup(env))
      jobs.expect(calls(env) + warmup(env), 0)
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
