import { Bench } from 'tinybench'
import { expectEqual } from './check.ts'

export interface Latency {
  /** Milliseconds. */
  readonly p50: number
  readonly p99: number
  /** Calls a second, from the mean. */
  readonly perSecond: number
}

/**
 * Times `operation` called one after another, `iterations` times after `warmup` calls that do not count. It is called
 * exactly `iterations + warmup` times, so that a trial can check that nothing was lost.
 */
export async function latency(operation: () => Promise<unknown>, iterations: number, warmup: number): Promise<Latency> {
  let calls = 0
  const bench = new Bench({ iterations, time: 0, warmupIterations: warmup, warmupTime: 0, throws: true })
  bench.add(
    'operation',
    async () => {
      calls++
      await operation()
    },
    { async: true },
  )
  const [task] = await bench.run()
  const result = task?.result
  if (result?.state !== 'completed') throw new Error(`tinybench ended as ${result?.state}`)
  expectEqual(calls, iterations + warmup, 'calls made')
  return { p50: result.latency.p50, p99: result.latency.p99, perSecond: 1000 / result.latency.mean }
}
