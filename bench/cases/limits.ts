import { join } from 'node:path'
import type { Case, Trial, TrialEnv } from '../case.ts'
import { openApp } from '../ours/app.ts'
import { allDone, medianDrainRate, startWarm } from '../ours/drain.ts'
import { readRows } from '../ours/rows.ts'

const WARMUP = 2_000
const warmUpOf = ({ quick }: TrialEnv) => (quick ? 1_000 : 10_000)
const CHUNK = 10_000
const jobsOf = ({ quick }: TrialEnv) => (quick ? 3_000 : 50_000)
const freeOf = ({ quick }: TrialEnv) => (quick ? 2_000 : 20_000)
const drainsOf = ({ quick }: TrialEnv) => (quick ? 1 : 5)
const blockedOf = ({ quick }: TrialEnv) => (quick ? 2_000 : 100_000)

const keys = (first: number, count: number) => Array.from({ length: count }, (_, i): [number] => [first + i])

type Limited = 'plain' | 'rated' | 'keyed' | 'ratedByKey' | 'unique'

/** Enqueues and runs jobs of one task, each with a key of its own, after so many of the same that V8 has seen their path. */
const enqueueAndRun =
  (task: Limited): Trial =>
  async (env) => {
    const file = join(env.dir, 'ours.db')
    const opened = await openApp(file)
    await startWarm(opened, WARMUP)
    const warmUp = warmUpOf(env)
    await allDone(file, await opened[task].delayMany(keys(0, warmUp)))
    const rows = readRows(file)
    const after = rows.last()
    rows.close()
    const calls = keys(warmUp, jobsOf(env))
    const began = performance.now()
    const handles = await opened[task].delayMany(calls)
    const perSecond = (jobsOf(env) / ((await allDone(file, handles, after)) - began)) * 1000
    await opened.app.stop()
    return { perSecond }
  }

/** Drains free jobs, behind others that wait for a key's place, and behind others at their rate. */
const drainBehind =
  (blocked: boolean): Trial =>
  async (env) => {
    const file = join(env.dir, 'ours.db')
    const opened = await openApp(file, 3)
    await startWarm(opened, WARMUP)
    if (blocked) {
      // One thread of the three is held in either trial.
      const each = blockedOf(env) / 2
      for (let stored = 0; stored < each; stored += CHUNK) {
        const count = Math.min(CHUNK, each - stored)
        await opened.heldByKey.delayMany(Array.from({ length: count }, (): [number] => [600_000]))
        await opened.heldByRate.delayMany(Array.from({ length: count }, (): [] => []))
      }
    } else await opened.heldByKey.delay(600_000)
    const perSecond = await medianDrainRate(opened, file, freeOf(env), drainsOf(env))
    await opened.app.stop({ drain: 0, grace: 0 })
    return { perSecond }
  }

const cost = (name: string, trial: Limited) => ({
  name: `limits, ${name}`,
  unit: '/s' as const,
  ours: `${trial}.perSecond`,
  baseline: 'plain.perSecond',
  compare: 'ratio' as const,
  least: 0.67,
})

export const limits: Case = {
  name: 'limits',
  what: '50,000 no-op jobs under a limit that holds none back, enqueued at once and run by 2 threads, after 10,000 of the same; 20,000 free jobs, five times, behind 100,000 that are held back',
  baseline: 'the same jobs under no limit; the same 20,000 with nothing in front',
  timeLimit: 240,
  trials: {
    plain: enqueueAndRun('plain'),
    rated: enqueueAndRun('rated'),
    keyed: enqueueAndRun('keyed'),
    ratedByKey: enqueueAndRun('ratedByKey'),
    unique: enqueueAndRun('unique'),
    behind: drainBehind(true),
    alone: drainBehind(false),
  },
  figures: [
    cost('a rate', 'rated'),
    cost('a concurrency key', 'keyed'),
    cost('a rate by key', 'ratedByKey'),
    cost('unique', 'unique'),
    {
      name: 'limits, behind 100,000 held back',
      unit: '/s',
      ours: 'behind.perSecond',
      baseline: 'alone.perSecond',
      compare: 'ratio',
      least: 0.9,
    },
  ],
}
