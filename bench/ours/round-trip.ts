import { type Latency, latency } from '../latency.ts'
import type { Opened } from './app.ts'

/** `delay` → `get`, one after another, on an idle worker. Runs `iterations + warmup` jobs. */
export const roundTrip = ({ noop }: Opened, iterations: number, warmup: number): Promise<Latency> =>
  latency(
    async () => {
      const handle = await noop.delay()
      await handle.get({ timeout: 20_000 })
    },
    iterations,
    warmup,
  )
