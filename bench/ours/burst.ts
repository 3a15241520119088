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

/** Bursts that `floodRate` keeps in flight at once. */
export const IN_FLIGHT = 10

/** The same with ten such bursts in flight at once, each followed by another: 10,000 calls wait all the time. */
export async function floodRate({ noop }: Opened, bursts: number): Promise<number> {
  const ids = new Set<string>()
  const began = performance.now()
  const line = async () => {
    for (let i = 0; i < bursts / IN_FLIGHT; i++)
      for (const { id } of await Promise.all(Array.from({ length: BURST }, () => noop.delay()))) ids.add(id)
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, line))
  const ended = performance.now()
  expectEqual(ids.size, bursts * BURST, 'different ids of all bursts')
  return ((bursts * BURST) / (ended - began)) * 1000
}
