import { join } from 'node:path'
import type { Case, TrialEnv } from '../case.ts'
import { expectEqual } from '../check.ts'
import { FIB_27 } from '../functions.ts'
import { openApp } from '../ours/app.ts'
import { startWarm } from '../ours/drain.ts'
import { expectRows } from '../ours/rows.ts'
import { rawPool } from '../raw/pool.ts'

const jobsOf = ({ quick }: TrialEnv) => (quick ? 200 : 2_000)
/** Of both sides, no-ops: until then V8 compiles what hands jobs out beside the jobs, on the cores that these are to have. */
const warmup = ({ quick }: TrialEnv) => (quick ? 500 : 20_000)
/** And the function itself. */
const WARM_FIBS = 20
const N = 27

const checkAll = (results: readonly unknown[]) =>
  expectEqual(results.filter((result) => result === FIB_27).length, results.length, `jobs whose result is fib(${N})`)

export const cpuBound: Case = {
  name: 'cpu-bound',
  what: '2,000 × fib(27), 2 threads, from the call of `delayMany` until every result is here; both sides after 20,000 no-ops',
  baseline: 'raw piscina, 2 threads, all 2,000 given to `pool.run()` at once',
  trials: {
    async ours(env) {
      const file = join(env.dir, 'ours.db')
      const opened = await openApp(file)
      const { app, fib } = opened
      const run = async (n: number) => {
        const handles = await fib.delayMany(Array.from({ length: n }, (): [number] => [N]))
        checkAll(await Promise.all(handles.map((handle) => handle.get({ timeout: 90_000 }))))
      }
      await startWarm(opened, warmup(env))
      await run(WARM_FIBS)
      const began = performance.now()
      await run(jobsOf(env))
      const wall = performance.now() - began
      await app.stop()
      expectRows(file, { SUCCESS: warmup(env) + WARM_FIBS + jobsOf(env) })
      return { wall }
    },
    async raw(env) {
      const pool = rawPool(2)
      const run = async (n: number) =>
        checkAll(await Promise.all(Array.from({ length: n }, () => pool.run(N, { name: 'fib' }))))
      await Promise.all(Array.from({ length: warmup(env) }, () => pool.run(null, { name: 'noop' })))
      await run(WARM_FIBS)
      const began = performance.now()
      await run(jobsOf(env))
      const wall = performance.now() - began
      await pool.destroy()
      return { wall }
    },
  },
  figures: [{ name: 'cpu-bound', unit: 'ms', ours: 'ours.wall', baseline: 'raw.wall', compare: 'ratio', most: 1.05 }],
}
