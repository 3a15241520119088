import type { Case, Trial } from '../case.ts'
import { expectEqual } from '../check.ts'
import { openApp } from '../ours/app.ts'
import { makeBacklog, milestonesPath, takeBacklog } from '../ours/backlog.ts'
import { drainRate, startWarm } from '../ours/drain.ts'
import { readMilestones } from '../ours/milestones.ts'
import { expectRows, readRows } from '../ours/rows.ts'

const WARMUP = 2_000
const SMALL = 10_000
const largeOf = (quick: boolean) => (quick ? 50_000 : 1_000_000)
const drainOf = (quick: boolean) => (quick ? 5_000 : 20_000)

const queued = (behind: (quick: boolean) => number) => (quick: boolean) => {
  const end = WARMUP + drainOf(quick)
  return { jobs: end + behind(quick), finished: false, milestones: [WARMUP, end] }
}
const finished = (jobs: number) => ({ jobs, finished: true, milestones: [] })

/** Jobs a second over the first of a long line, from the end of the warm-up to the last of them. */
const drainWithQueued =
  (name: string, behind: (quick: boolean) => number): Trial =>
  async (env) => {
    const file = takeBacklog(env.shared, name, env.dir)
    const [warm, end] = readMilestones(milestonesPath(env.shared, name))
    const { app } = await openApp(file)
    await app.start()
    const reached = (ids: readonly string[] | undefined) =>
      Promise.all((ids ?? []).map((id) => app.result(id).get({ timeout: 90_000 })))
    await reached(warm)
    const began = performance.now()
    await reached(end)
    const perSecond = (drainOf(env.quick) / (performance.now() - began)) * 1000
    await app.stop()

    const rows = readRows(file)
    const { SUCCESS = 0, PENDING = 0, ...others } = rows.states()
    rows.close()
    expectEqual(others, {}, 'jobs neither finished nor queued')
    expectEqual(SUCCESS + PENDING, queued(behind)(env.quick).jobs, 'jobs finished or queued')
    return { perSecond }
  }

const drainBeside =
  (name: string, old: (quick: boolean) => Record<string, number>): Trial =>
  async (env) => {
    const file = takeBacklog(env.shared, name, env.dir)
    const opened = await openApp(file)
    await startWarm(opened, WARMUP)
    const perSecond = await drainRate(opened, file, drainOf(env.quick))
    await opened.app.stop()
    const { SUCCESS = 0, ...others } = old(env.quick)
    expectRows(file, { SUCCESS: SUCCESS + WARMUP + drainOf(env.quick), ...others })
    return { perSecond }
  }

const small = () => SMALL

export const backlog: Case = {
  name: 'backlog',
  what: 'drain of 20,000 no-op jobs, 2 warm threads, in a file with 1,000,000 more queued, as many finished, or as many to run in a year',
  baseline: 'the same with 10,000 more queued or finished',
  repetitions: 7,
  timeLimit: 600,
  prepare: {
    'queued-small': makeBacklog('queued-small', queued(small)),
    'queued-large': makeBacklog('queued-large', queued(largeOf)),
    'finished-small': makeBacklog('finished-small', () => finished(SMALL)),
    'finished-large': makeBacklog('finished-large', (quick) => finished(largeOf(quick))),
    'far-future': makeBacklog('far-future', (quick) => ({
      ...finished(largeOf(quick)),
      finished: false,
      farFuture: true,
    })),
  },
  trials: {
    queuedLarge: drainWithQueued('queued-large', largeOf),
    queuedSmall: drainWithQueued('queued-small', small),
    finishedLarge: drainBeside('finished-large', (quick) => ({ SUCCESS: largeOf(quick) })),
    finishedSmall: drainBeside('finished-small', () => ({ SUCCESS: SMALL })),
    farFuture: drainBeside('far-future', (quick) => ({ SCHEDULED: largeOf(quick) })),
  },
  figures: [
    {
      name: 'backlog, queued',
      unit: '/s',
      ours: 'queuedLarge.perSecond',
      baseline: 'queuedSmall.perSecond',
      compare: 'ratio',
      least: 0.95,
    },
    {
      name: 'backlog, finished',
      unit: '/s',
      ours: 'finishedLarge.perSecond',
      baseline: 'finishedSmall.perSecond',
      compare: 'ratio',
      least: 0.95,
    },
    {
      name: 'backlog, far future',
      unit: '/s',
      ours: 'farFuture.perSecond',
      baseline: 'finishedSmall.perSecond',
      compare: 'ratio',
      least: 0.95,
    },
  ],
}
