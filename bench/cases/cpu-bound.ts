import { join } from 'node:path'
import type { Case, TrialEnv } from '../case.ts'
import { expectEqual } from '../check.ts'
import { FIB_27 } from '../functions.ts'
import { openApp } from '../ours/app.ts'
import { expectRows } from '../ours/rows.ts'
import { rawPool } from '../raw/pool.ts'

const jobsOf = ({ quick }: TrialEnv) => (quick ? 200 : 2_000)
const WARMUP = 20
const N = 27

const checkAll = (results: readonly unknown[]) =>
  expectEqual(results.filter((result) => result === FIB_27).length, results.length, `jobs whose result is fib(${N})`)

export const cpuBound: Case = {
  name: 'cpu-bound',
  what: '2,000 × fib(27), 2 threads, from the call of `delayMany` until every result is here',
  baseline: 'raw piscina, 2 threads, all 2,000 given to `pool.run()` at once',
  trials: {
    async ours(env) {
      const file = join(env.dir, 'ours.db')
      const { app, fib } = await openApp(file)
      const run = async (n: number) => {
        const handles = await fib.delayMany(Array.from({ length: n }, (): [number] => [N]))
        checkAll(await Promise.all(handles.map((handle) => handle.get({ timeout: 90_000 }))))
      }
      await app.start()
      await run(WARMUP)
      const began = performance.now()
      await run(jobsOf(env))
      const wall = performance.now() - began
      await app.stop()
      expectRows(file, { SUCCESS: WARMUP + jobsOf(env) })
      return { wall }
    },
    async raw(env) {
      const pool = rawPool(2)
      const run = async (n: number) =>
        checkAll(await Promise.all(Array.from({ length: n }, () => pool.run(N, { name: 'fib' }))))
      await run(WARMUP)
      const began = performance.now()
      await run(jobsOf(env))
      const wall = performance.now() - began
      await pool.destroy()
      return { wall }
    },
  },
  figures: [{ name: 'cpu-bound', unit: 'ms', ours: 'ours.wall', baseline: 'raw.wall', compare: 'ratio', most: 1.05 }],
}
