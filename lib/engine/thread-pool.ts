import type { Pool } from '../pool/pool.ts'
import type { EngineOptions } from '../wire/engine-options.ts'

/** Loaded at the first need: a process that only enqueues has no threads. */
export async function makePool(options: EngineOptions): Promise<Pool> {
  const { Pool } = await import('../pool/pool.ts')
  const { concurrency, modules, app, maxPayload, database, durability } = options
  return new Pool({
    concurrency,
    ...options.pool,
    modules,
    app,
    maxPayload,
    database,
    durability,
  })
}
