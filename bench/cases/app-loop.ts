import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Case, TrialEnv } from '../case.ts'
import { loopDelayP99 } from '../loop-delay.ts'
import { openApp } from '../ours/app.ts'
import { enqueue, lastDone, startWarm } from '../ours/drain.ts'
import { expectRows } from '../ours/rows.ts'
import { rawPool } from '../raw/pool.ts'

const noopsOf = ({ quick }: TrialEnv) => (quick ? 20_000 : 150_000)
const fibsOf = ({ quick }: TrialEnv) => (quick ? 200 : 1_000)
const WARMUP = 2_000

export const appLoop: Case = {
  name: 'app-loop',
  what: "p99 of the application's event-loop delay while a drain, or fib(27) on 2 threads, runs beside it",
  baseline: 'the same process, worker up and idle; for fib(27) also raw piscina with 2 threads on these cores',
  trials: {
    async ours(env) {
      const file = join(env.dir, 'ours.db')
      const opened = await openApp(file)
      await startWarm(opened, WARMUP)
      const idle = await loopDelayP99(() => sleep(env.quick ? 1_000 : 4_000))
      const noops = await enqueue(opened, noopsOf(env))
      const drain = await loopDelayP99(() => lastDone(noops))
      const fibs = await opened.fib.delayMany(Array.from({ length: fibsOf(env) }, (): [number] => [27]))
      const cpu = await loopDelayP99(() => lastDone(fibs))
      await opened.app.stop()
      expectRows(file, { SUCCESS: WARMUP + noopsOf(env) + fibsOf(env) })
      return { idle, drain, cpu }
    },
    async raw(env) {
      const pool = rawPool(2)
      await Promise.all(Array.from({ length: 20 }, () => pool.run(27, { name: 'fib' })))
      const cpu = await loopDelayP99(() =>
        Promise.all(Array.from({ length: fibsOf(env) }, () => pool.run(27, { name: 'fib' }))),
      )
      await pool.destroy()
      return { cpu }
    },
  },
  figures: [
    { name: 'app-loop, drain', unit: 'ms', ours: 'ours.drain', baseline: 'ours.idle', compare: 'difference', most: 3 },
    { name: 'app-loop, fib(27)', unit: 'ms', ours: 'ours.cpu', baseline: 'ours.idle', compare: 'difference', most: 3 },
    { name: 'app-loop, fib(27)', unit: 'ms', ours: 'ours.cpu', baseline: 'raw.cpu', compare: 'difference' },
  ],
}
