import { join } from 'node:path'
import type { Case, Sample, TrialEnv } from '../case.ts'
import { expectEqual } from '../check.ts'
import { openApp } from '../ours/app.ts'
import { allDone, startWarm } from '../ours/drain.ts'
import { expectRows, readRows } from '../ours/rows.ts'

const LINES = 10
const WARMUP = 500

const jobsOf = ({ quick }: TrialEnv) => (quick ? 500 : 5_000)

/** Jobs a second of draining jobs that write ten lines each to the console. */
async function speakRate(env: TrialEnv, capture: boolean): Promise<Sample> {
  process.env.BENCH_CAPTURE = String(capture)
  const file = join(env.dir, 'ours.db')
  const opened = await openApp(file)
  const { app, speak } = opened
  await startWarm(opened, WARMUP)
  await Promise.all((await speak.delayMany(calls(WARMUP))).map((handle) => handle.get({ timeout: 60_000 })))
  const rows = readRows(file)
  const after = rows.last()
  rows.close()
  const began = performance.now()
  const handles = await speak.delayMany(calls(jobsOf(env)))
  const perSecond = (jobsOf(env) / ((await allDone(file, handles, after)) - began)) * 1000
  const kept = await app.inspect.log(handles.at(-1)?.id ?? '')
  expectEqual(kept.length, capture ? LINES : 0, 'lines kept of the last job')
  await app.stop()
  expectRows(file, { SUCCESS: 2 * WARMUP + jobsOf(env) })
  return { perSecond }
}

const calls = (n: number) => Array.from({ length: n }, (): [number] => [LINES])

export const consoleCapture: Case = {
  name: 'console-capture',
  what: `5,000 jobs that write ${LINES} lines each to the console, 2 warm threads, from the call until all are done`,
  baseline: 'the same with pool.captureConsole off: the lines are printed and not kept',
  trials: {
    kept: (env) => speakRate(env, true),
    printed: (env) => speakRate(env, false),
  },
  figures: [
    {
      name: 'console capture',
      unit: '/s',
      ours: 'kept.perSecond',
      baseline: 'printed.perSecond',
      compare: 'ratio',
      least: 0.8,
    },
  ],
}
