import type { Pool } from '../pool/pool.ts'
import type { EngineOptions } from '../wire/engine-options.ts'

/** Jobs that run on the application's own event loop at once, at most. They share one thread and are meant for I/O. */
export const MAIN_SLOTS = 16

/** Loaded at the first need: a process that only enqueues has no threads. */
export async function makePool(options: EngineOptions): Promise<Pool> {
  const { Pool } = await import('../pool/pool.ts')
  const { concurrency, modules, app, maxPayload, database, durability } = options
  return new Pool({
    concurrency,
    otherSlots: MAIN_SLOTS,
    ...options.pool,
    modules,
    app,
    maxPayload,
    database,
    durability,
  })
}
