import { join } from 'node:path'
import type { Case, TrialEnv } from '../case.ts'
import { openApp } from '../ours/app.ts'
import { allDone, startWarm } from '../ours/drain.ts'
import { expectRows } from '../ours/rows.ts'
import { drainOurs } from './drain.ts'

const jobsOf = ({ quick }: TrialEnv) => (quick ? 5_000 : 100_000)
const WARMUP = 2_000
const IN_FLIGHT = 500

export const stream: Case = {
  name: 'stream',
  what: '100,000 no-op jobs enqueued (500 `delay()` in flight) and run at the same time, 2 threads, one process',
  baseline: 'the drain of the case `drain`, by the library',
  trials: {
    async ours(env) {
      const file = join(env.dir, 'ours.db')
      const opened = await openApp(file)
      await startWarm(opened, WARMUP)
      const handles: Awaited<ReturnType<typeof opened.noop.delay>>[] = []
      let asked = 0
      const began = performance.now()
      const one = async () => {
        while (asked++ < jobsOf(env)) handles.push(await opened.noop.delay())
      }
      await Promise.all(Array.from({ length: IN_FLIGHT }, one))
      const perSecond = (jobsOf(env) / ((await allDone(file, handles)) - began)) * 1000
      await opened.app.stop()
      expectRows(file, { SUCCESS: WARMUP + jobsOf(env) })
      return { perSecond }
    },
    drain: drainOurs,
  },
  figures: [
    { name: 'stream', unit: '/s', ours: 'ours.perSecond', baseline: 'drain.perSecond', compare: 'ratio', least: 0.5 },
  ],
}
