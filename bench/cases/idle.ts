import { join } from 'node:path'
import type { Case, TrialEnv } from '../case.ts'
import { nextMessage, startEntry } from '../entries/entry.ts'

/** V8 collects the garbage of the start about 8 and 17 s after it: 160 ms of CPU, once, that are not idling. */
const SETTLE = 20
const watch = ({ quick }: TrialEnv) => (quick ? 10 : 60)

/** Per cent of one core, of the busiest of `processes` that have nothing to do. */
async function idleCpu(env: TrialEnv, database: string, processes: number): Promise<number> {
  const children = Array.from({ length: processes }, () =>
    startEntry('idle', [database, String(SETTLE), String(watch(env))]),
  )
  const answers = await Promise.all(children.map((child) => nextMessage<{ percent: number }>(child)))
  return Math.max(...answers.map(({ percent }) => percent))
}

export const idle: Case = {
  name: 'idle',
  what: 'CPU of a worker with nothing queued, over 60 s, as a percentage of one core; alone, and two on one file',
  baseline: 'a bare Node process',
  parallel: true,
  trials: {
    alone: async (env) => ({ percent: await idleCpu(env, join(env.dir, 'ours.db'), 1) }),
    two: async (env) => ({ percent: await idleCpu(env, join(env.dir, 'ours.db'), 2) }),
    bare: async (env) => ({ percent: await idleCpu(env, 'bare', 1) }),
  },
  figures: [
    {
      name: 'idle, alone',
      unit: '%',
      ours: 'alone.percent',
      baseline: 'bare.percent',
      compare: 'value',
      most: 0.2,
    },
    {
      name: 'idle, two processes',
      unit: '%',
      ours: 'two.percent',
      baseline: 'bare.percent',
      compare: 'value',
      most: 0.2,
    },
  ],
}
