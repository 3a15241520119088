import { join } from 'node:path'
import type { Case, TrialEnv } from '../case.ts'
import { exited, nextMessage, startEntry } from '../entries/entry.ts'
import { openApp } from '../ours/app.ts'
import { drainRate, startWarm } from '../ours/drain.ts'
import { expectRows } from '../ours/rows.ts'

const jobsOf = ({ quick }: TrialEnv) => (quick ? 10_000 : 50_000)
const ROUNDS = 6
const WARMUP = 2_000

export const hostileReader: Case = {
  name: 'hostile-reader',
  what: `the most that the write-ahead log holds while ${ROUNDS} times 50,000 jobs are stored and run, and another process always has one of two read transactions open, each for a tenth of a second`,
  baseline: 'nothing',
  repetitions: 3,
  trials: {
    async ours(env) {
      const file = join(env.dir, 'ours.db')
      const opened = await openApp(file)
      await startWarm(opened, WARMUP)
      const reader = startEntry('hostile-reader', [file])
      await nextMessage(reader)
      for (let i = 0; i < ROUNDS; i++) await drainRate(opened, file, jobsOf(env))
      reader.send({})
      const { walMb } = await nextMessage<{ walMb: number }>(reader)
      await exited(reader)
      await opened.app.stop()
      expectRows(file, { SUCCESS: WARMUP + ROUNDS * jobsOf(env) })
      return { walMb }
    },
  },
  figures: [{ name: 'log under a hostile reader', unit: 'MB', ours: 'ours.walMb', compare: 'value', most: 64 }],
}
