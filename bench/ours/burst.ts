import { expectEqual } from '../check.ts'
import { latency } from '../latency.ts'
import type { Opened } from './app.ts'

export const BURST = 1_000

/** Jobs a second stored by bursts of 1,000 `delay()` in flight. Stores `(bursts + warmup) × 1,000` jobs. */
export async function burstRate({ noop }: Opened, bursts: number, warmup: number): Promise<number> {
  const { perSecond } = await latency(
    async () => {
      const handles = await Promise.all(Array.from({ length: BURST }, () => noop.delay()))
      expectEqual(new Set(handles.map((handle) => handle.id)).size, BURST, 'different ids of a burst')
    },
    bursts,
    warmup,
  )
  return perSecond * BURST
}
