import { join } from 'node:path'
import type { Case, Trial, TrialEnv } from '../case.ts'
import { openApp } from '../ours/app.ts'
import { drainRate, startWarm } from '../ours/drain.ts'
import { expectRows } from '../ours/rows.ts'
import { rawJobs } from '../raw/jobs.ts'

const jobsOf = ({ quick }: TrialEnv) => (quick ? 5_000 : 50_000)
const WARMUP = 20_000
const CLAIM = 256

function drainRaw(jobs: ReturnType<typeof rawJobs>): number {
  let finished = 0
  for (;;) {
    const claimed = jobs.claim(CLAIM)
    if (claimed.length === 0) return finished
    jobs.finish(claimed, 'null')
    finished += claimed.length
  }
}

export const drainOurs: Trial = async (env) => {
  const file = join(env.dir, 'ours.db')
  const opened = await openApp(file)
  await startWarm(opened, WARMUP)
  const perSecond = await drainRate(opened, file, jobsOf(env))
  await opened.app.stop()
  expectRows(file, { SUCCESS: WARMUP + jobsOf(env) })
  return { perSecond }
}

export const drain: Case = {
  name: 'drain',
  what: '50,000 queued no-op jobs, 2 threads, after 20,000 others on both sides, until every result is committed',
  baseline: 'claim 256 in one transaction, finish them with a result in another, until none is queued; nothing runs',
  trials: {
    ours: drainOurs,
    async raw(env) {
      const jobs = rawJobs(join(env.dir, 'raw.db'), WARMUP + jobsOf(env))
      jobs.insertMany(WARMUP)
      drainRaw(jobs)
      jobs.insertMany(jobsOf(env))
      const began = performance.now()
      const finished = drainRaw(jobs)
      const perSecond = (finished / (performance.now() - began)) * 1000
      jobs.expect(0, WARMUP + jobsOf(env))
      jobs.close()
      return { perSecond }
    },
  },
  figures: [
    { name: 'drain', unit: '/s', ours: 'ours.perSecond', baseline: 'raw.perSecond', compare: 'ratio', least: 0.4 },
  ],
}
