import { monitorEventLoopDelay } from 'node:perf_hooks'

/**
 * p99 of the event-loop delay of this thread while `work` runs, in milliseconds. The histogram holds the time between
 * two ticks of a 1 ms timer, so an idle loop shows a little over 1 ms: compare with an idle loop, never with 0.
 */
export async function loopDelayP99(work: () => Promise<unknown>): Promise<number> {
  const histogram = monitorEventLoopDelay({ resolution: 1 })
  histogram.enable()
  await work()
  histogram.disable()
  if (histogram.count === 0) throw new Error('the event loop never turned while it was watched')
  return histogram.percentile(99) / 1e6
}
