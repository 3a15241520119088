import { join } from 'node:path'
import type { Trial } from '../case.ts'
import { openApp } from '../ours/app.ts'
import { allDone, enqueue, startWarm } from '../ours/drain.ts'
import { expectRows, readRows } from '../ours/rows.ts'
import { rawJobs } from '../raw/jobs.ts'
import { Costs } from './costs.ts'

const WARMUP = 2
const ROUNDS = 6
const JOBS = 3_000
const CLAIM = 256
const FIRST = 2_000

/** A job's way through all the threads: what hops, encoding and waking up cost, beside what the raw table does for it. */
export const whole: Trial = async ({ dir }) => {
  const file = join(dir, 'ours.db')
  // What a sync costs is the disk's and the kernel's, and differs more from moment to moment than all the rest.
  process.env.BENCH_DURABILITY = 'normal'
  const opened = await openApp(file)
  await startWarm(opened, FIRST)
  const rounds = WARMUP + ROUNDS
  const raw = rawJobs(join(dir, 'raw.db'), rounds * JOBS, { synchronous: 'NORMAL' })
  const rawRun = (): void => {
    for (;;) {
      const claimed = raw.claim(CLAIM)
      if (claimed.length === 0) return
      raw.finish(claimed, 'null')
    }
  }
  const rows = readRows(file)
  const costs = new Costs(JOBS)
  for (let round = 0; round < rounds; round++) {
    const after = rows.last()
    const many = {
      ours: async () => allDone(file, await enqueue(opened, JOBS), after),
      raw: () => {
        raw.insertMany(JOBS)
        rawRun()
      },
    }
    await costs.measure('enqueue and run', many, round >= WARMUP)
  }
  rows.close()
  await opened.app.stop()
  expectRows(file, { SUCCESS: FIRST + rounds * JOBS })
  raw.expect(0, rounds * JOBS)
  raw.close()
  return costs.sample()
}
