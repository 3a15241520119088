import { expectEqual } from '../check.ts'
import { type Latency, latency } from '../latency.ts'
import { rawJobs } from './jobs.ts'
import { rawPool } from './pool.ts'

/** Insert, claim, run in piscina, finish: one after another, three commits a job. */
export async function rawRoundTrip(file: string, iterations: number, warmup: number): Promise<Latency> {
  const jobs = rawJobs(file, iterations + warmup)
  const pool = rawPool(2)
  const measured = await latency(
    async () => {
      jobs.insert()
      const claimed = jobs.claim(1)
      expectEqual(claimed.length, 1, 'jobs claimed')
      const result: unknown = await pool.run(undefined, { name: 'noop' })
      jobs.finish(claimed, JSON.stringify(result))
    },
    iterations,
    warmup,
  )
  await pool.destroy()
  jobs.expect(0, iterations + warmup)
  jobs.close()
  return measured
}
