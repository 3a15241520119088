import type { Durability } from '../store/open.ts'
import type { AppIdentity } from '../wire/messages.ts'

/** What the application thread hands the engine when it starts it: plain data, checked there. */
export interface EngineOptions {
  app: AppIdentity
  database: string
  durability: Durability
  concurrency: number
  queues: Record<string, { concurrency?: number }>
  pool: {
    minThreads: number
    idleTimeout: number
    maxTasksPerThread: number
    resourceLimits: Record<string, number> | null
    execArgv: string[] | null
    env: Record<string, string> | null
  }
  modules: string[]
  maxPayload: number
}
