import { join } from 'node:path'
import type { Case, Trial, TrialEnv } from '../case.ts'
import { latency } from '../latency.ts'
import { loopDelayP99 } from '../loop-delay.ts'
import { openApp } from '../ours/app.ts'
import { BURST, burstRate, floodRate } from '../ours/burst.ts'
import { allDone, enqueue, lastDone, startWarm } from '../ours/drain.ts'
import { roundTrip } from '../ours/round-trip.ts'
import { expectRows } from '../ours/rows.ts'
import { rawJobs } from '../raw/jobs.ts'
import { rawRoundTrip } from '../raw/round-trip.ts'
import { SLOW_FSYNC_MS } from '../slow-disk-shim.ts'

const noopsOf = ({ quick }: TrialEnv) => (quick ? 20_000 : 150_000)
const trips = ({ quick }: TrialEnv) => (quick ? 10 : 100)
const bursts = ({ quick }: TrialEnv) => (quick ? 10 : 60)
const WARMUP_JOBS = 2_000
const WARMUP = 5

const ours: Trial = async (env) => {
  const file = join(env.dir, 'ours.db')
  const opened = await openApp(file)
  const burst = await burstRate(opened, bursts(env), WARMUP)
  const flood = await floodRate(opened, bursts(env))
  await startWarm(opened, WARMUP_JOBS)
  const noops = await enqueue(opened, noopsOf(env))
  const loop = await loopDelayP99(() => lastDone(noops))
  await allDone(file, noops)
  const { p50 } = await roundTrip(opened, trips(env), WARMUP)
  await opened.app.stop()
  expectRows(file, { SUCCESS: (2 * bursts(env) + WARMUP) * BURST + WARMUP_JOBS + noopsOf(env) + trips(env) + WARMUP })
  return { burst, flood, loop, p50 }
}

/** Throws when commits are not slow: the shim would then be without effect and every figure of this case wrong. */
async function expectSlowCommits(file: string): Promise<void> {
  const jobs = rawJobs(file, 7)
  const { p50 } = await latency(async () => jobs.insert(), 5, 2)
  jobs.close()
  if (p50 < SLOW_FSYNC_MS) throw new Error(`a commit took ${p50.toFixed(2)} ms: fsync is not delayed`)
}

export const slowDisk: Case = {
  name: 'slow-disk',
  what:
    `ten bursts of 1,000 in flight at once, the event loop during a drain, and the round trip, with every fsync ${SLOW_FSYNC_MS} ms longer; ` +
    `one burst at a time is limited by the disk alone: 1,000 calls that each wait for a sync are no more than 1,000 in ${SLOW_FSYNC_MS} ms, 50,000/s, however fast the engine is`,
  baseline: 'the same without the delay; for the round trip the raw one, delayed as well',
  slowDisk: ['delayed', 'raw'],
  trials: {
    async delayed(env) {
      await expectSlowCommits(join(env.dir, 'probe.db'))
      return await ours(env)
    },
    ours,
    async raw(env) {
      const { p50 } = await rawRoundTrip(join(env.dir, 'raw.db'), trips(env), WARMUP)
      return { p50 }
    },
  },
  figures: [
    {
      name: 'slow-disk app-loop',
      unit: 'ms',
      ours: 'delayed.loop',
      baseline: 'ours.loop',
      compare: 'difference',
      most: 3,
    },
    {
      name: 'slow-disk burst',
      unit: '/s',
      ours: 'delayed.flood',
      baseline: 'ours.flood',
      compare: 'ratio',
      least: 0.5,
    },
    { name: 'slow-disk one burst', unit: '/s', ours: 'delayed.burst', baseline: 'ours.burst', compare: 'ratio' },
    { name: 'slow-disk round-trip p50', unit: 'ms', ours: 'delayed.p50', baseline: 'raw.p50', compare: 'ratio' },
  ],
}
