import type { Rate } from '../domain/rate.ts'
import type { Retention } from './care.ts'
import type { AppIdentity } from './messages.ts'

/** `full` syncs each commit that makes a promise; `normal` may lose the last commits when the power fails. */
export type Durability = 'full' | 'normal'

/** How the threads of the pool are made and kept. Times in ms. */
export interface PoolSettings {
  /** Threads kept when there is nothing to do. */
  minThreads: number
  /** Time after which an unneeded thread is ended. */
  idleTimeout: number
  /** Jobs after which a thread is replaced, between jobs; 0 for never. */
  maxTasksPerThread: number
  resourceLimits: Record<string, number> | null
  execArgv: string[] | null
  env: Record<string, string> | null
  /** Whether what tasks write to the console is kept with their jobs. */
  captureConsole: boolean
}

/** What the application thread hands the engine when it starts it: plain data, checked there. */
export interface EngineOptions {
  app: AppIdentity
  database: string
  durability: Durability
  concurrency: number
  queues: Record<string, { concurrency?: number; rateLimit?: Rate }>
  pool: PoolSettings
  modules: string[]
  retention: Retention
  /** How long what became of slots is kept, in ms; null for ever. */
  ledgerRetention: number | null
  maxPayload: number
}

/** What the engine thread begins with. */
export interface EngineBoot {
  options: EngineOptions
  /** Begin threads at once: the order that will need them is on its way. */
  threads: boolean
  /** Of `Bells`. */
  bells: SharedArrayBuffer
}
