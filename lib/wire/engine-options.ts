import type { AppIdentity } from './messages.ts'

/** `full` syncs each commit that makes a promise; `normal` may lose the last commits when the power fails. */
export type Durability = 'full' | 'normal'

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
  /** Milliseconds after the end, or null for ever, by final state. */
  retention: Readonly<Record<'SUCCESS' | 'FAILURE' | 'REVOKED' | 'EXPIRED', number | null>>
  maxPayload: number
}
