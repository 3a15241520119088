import { join } from 'node:path'
import type { Case, TrialEnv } from '../case.ts'
import { latency } from '../latency.ts'
import { openApp } from '../ours/app.ts'
import { BURST, burstRate } from '../ours/burst.ts'
import { expectRows } from '../ours/rows.ts'
import { rawJobs } from '../raw/jobs.ts'

const bursts = ({ quick }: TrialEnv) => (quick ? 10 : 60)
const WARMUP = 5

export const enqueueBurst: Case = {
  name: 'enqueue-burst',
  what: '1,000 `delay()` in flight, nobody consuming, again and again',
  baseline: 'rows inserted in transactions of 1,000',
  trials: {
    async ours(env) {
      const file = join(env.dir, 'ours.db')
      const opened = await openApp(file)
      const perSecond = await burstRate(opened, bursts(env), WARMUP)
      await opened.app.stop()
      expectRows(file, { PENDING: (bursts(env) + WARMUP) * BURST })
      return { perSecond }
    },
    async raw(env) {
      const rows = (bursts(env) + WARMUP) * BURST
      const jobs = rawJobs(join(env.dir, 'raw.db'), rows)
      const { perSecond } = await latency(async () => jobs.insertMany(BURST), bursts(env), WARMUP)
      jobs.expect(rows, 0)
      jobs.close()
      return { perSecond: perSecond * BURST }
    },
  },
  figures: [
    {
      name: 'enqueue-burst',
      unit: '/s',
      ours: 'ours.perSecond',
      baseline: 'raw.perSecond',
      compare: 'ratio',
      least: 0.35,
    },
  ],
}
