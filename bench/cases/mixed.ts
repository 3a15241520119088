import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Case, TrialEnv } from '../case.ts'
import { monotonic } from '../functions.ts'
import { percentile } from '../numbers.ts'
import { openApp } from '../ours/app.ts'
import { expectRows } from '../ours/rows.ts'
import { rawPool } from '../raw/pool.ts'

const SHORT = 1
const LONG = 2_000
const EVERY = 50
const GROUP = 5
const GROUPS_PER_LONG = 44 // 2.2 s: never two long ones at once, so one of the two threads is always free.
const WARMUP = 200

const groupsOf = ({ quick }: TrialEnv) => GROUPS_PER_LONG * (quick ? 1 : 5)

/**
 * Every 50 ms five jobs in one turn of the event loop; now and then the second of the five is the long one. All are the
 * same task, so nothing but their arguments tells them apart. `begin(ms)` enqueues one and answers when it began.
 */
async function arrivals(groups: number, begin: (ms: number) => Promise<number>) {
  const waits: Promise<number>[] = []
  const long: Promise<number>[] = []
  for (let group = 0; group < groups; group++) {
    for (let i = 0; i < GROUP; i++) {
      const called = monotonic()
      if (i === 1 && group % GROUPS_PER_LONG === 1) long.push(begin(LONG))
      else waits.push(begin(SHORT).then((began) => began - called))
    }
    await sleep(EVERY)
  }
  await Promise.all(long)
  const all = await Promise.all(waits)
  return { p50: percentile(all, 0.5), p95: percentile(all, 0.95), max: percentile(all, 1) }
}

export const mixed: Case = {
  name: 'mixed',
  what: 'wait of 1 ms jobs, from the call until they begin, while 2 s jobs of the same task hold one of 2 threads',
  baseline: 'the same arrivals through raw piscina, 2 threads',
  trials: {
    async ours(env) {
      const file = join(env.dir, 'ours.db')
      const { app, hold } = await openApp(file)
      await app.start()
      const warm = await hold.delayMany(Array.from({ length: WARMUP }, (): [number] => [SHORT]))
      await Promise.all(warm.map((handle) => handle.get({ timeout: 20_000 })))
      const waits = await arrivals(groupsOf(env), async (ms) => {
        const handle = await hold.delay(ms)
        return await handle.get({ timeout: 20_000 })
      })
      await app.stop()
      expectRows(file, { SUCCESS: WARMUP + groupsOf(env) * GROUP })
      return waits
    },
    async raw(env) {
      const pool = rawPool(2)
      await Promise.all(Array.from({ length: WARMUP }, () => pool.run(SHORT, { name: 'hold' })))
      const waits = await arrivals(groupsOf(env), (ms) => pool.run(ms, { name: 'hold' }) as Promise<number>)
      await pool.destroy()
      return waits
    },
  },
  figures: [
    { name: 'mixed p95 wait', unit: 'ms', ours: 'ours.p95', baseline: 'raw.p95', compare: 'value', most: 20 },
    { name: 'mixed longest wait', unit: 'ms', ours: 'ours.max', baseline: 'raw.max', compare: 'value' },
  ],
}
