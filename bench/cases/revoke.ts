import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Case, TrialEnv } from '../case.ts'
import { exited, nextMessage, startEntry } from '../entries/entry.ts'
import { monotonic } from '../functions.ts'
import { percentile } from '../numbers.ts'
import { openApp } from '../ours/app.ts'
import { expectRows } from '../ours/rows.ts'

const roundsOf = ({ quick }: TrialEnv) => (quick ? 3 : 25)

export const revoke: Case = {
  name: 'revoke',
  what: 'a running job revoked from another process, 25 times at random moments: from the call until its signal aborts',
  baseline: 'none',
  repetitions: 3,
  trials: {
    async ours(env) {
      const file = join(env.dir, 'ours.db')
      const worker = startEntry('worker', [file])
      await nextMessage(worker)
      // Only enqueues: the job runs in the other process.
      const { app, heed } = await openApp(file)
      const times: number[] = []
      for (let round = 0; round < roundsOf(env); round++) {
        const handle = await heed.delay()
        while ((await handle.state()) !== 'STARTED') await sleep(5)
        await sleep(50 + Math.random() * 200)
        const revoked = monotonic()
        await handle.revoke()
        times.push((await handle.get({ timeout: 20_000 })) - revoked)
      }
      worker.send('stop')
      await exited(worker)
      await app.stop()
      expectRows(file, { SUCCESS: roundsOf(env) })
      return { p50: percentile(times, 0.5), p99: percentile(times, 0.99) }
    },
  },
  figures: [
    { name: 'revoke reaches the job, p50', unit: 'ms', ours: 'ours.p50', compare: 'value' },
    { name: 'revoke reaches the job, p99', unit: 'ms', ours: 'ours.p99', compare: 'value', most: 500 },
  ],
}
