import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Case, TrialEnv } from '../case.ts'
import { percentile } from '../numbers.ts'
import { openApp } from '../ours/app.ts'
import { expectRows } from '../ours/rows.ts'

const LIMIT = 600

const roundsOf = ({ quick }: TrialEnv) => (quick ? 3 : 10)

export const hardLimit: Case = {
  name: 'hard-limit',
  what: `for(;;) with a timeLimit of ${LIMIT} ms in the one thread of a pool, 10 times, a no-op waiting behind it: how long past its time the loop ran, and from then until the no-op began in the new thread`,
  baseline: 'none',
  repetitions: 3,
  trials: {
    async ours(env) {
      const file = join(env.dir, 'ours.db')
      const marker = join(env.dir, 'marker')
      const { app, loop, hold } = await openApp(file, 1)
      await app.start()
      await (await hold.delay(0)).get({ timeout: 20_000 })
      const overshoots: number[] = []
      const nexts: number[] = []
      for (let round = 0; round < roundsOf(env); round++) {
        const looping = await loop.applyAsync([marker], { timeLimit: LIMIT })
        const behind = await hold.delay(0)
        await looping.get({ timeout: 20_000 }).then(
          () => {
            throw new Error('the loop came to an end')
          },
          () => {},
        )
        const next = await behind.get({ timeout: 20_000 })
        const [began = 0, last = 0] = new Float64Array(new Uint8Array(readFileSync(marker)).buffer)
        overshoots.push(last - began - LIMIT)
        nexts.push(next - last)
      }
      await app.stop()
      expectRows(file, { FAILURE: roundsOf(env), SUCCESS: roundsOf(env) + 1 })
      return {
        p50: percentile(overshoots, 0.5),
        p99: percentile(overshoots, 0.99),
        nextP50: percentile(nexts, 0.5),
        nextP99: percentile(nexts, 0.99),
      }
    },
  },
  figures: [
    { name: 'hard limit overshoot, p50', unit: 'ms', ours: 'ours.p50', compare: 'value' },
    { name: 'hard limit overshoot, p99', unit: 'ms', ours: 'ours.p99', compare: 'value', most: 100 },
    { name: 'next job begins, p50', unit: 'ms', ours: 'ours.nextP50', compare: 'value' },
    { name: 'next job begins, p99', unit: 'ms', ours: 'ours.nextP99', compare: 'value', most: 100 },
  ],
}
