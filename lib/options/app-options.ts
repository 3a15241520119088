import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Duration } from '../domain/duration.ts'
import { type Rate, toRate } from '../domain/rate.ts'
import { InvalidOption } from '../errors.ts'
import type { PoolSettings } from '../wire/engine-options.ts'
import { booleanOr, durationOr, integerOr, nameOf, oneOf, optionsOf, refuse } from './check.ts'
import { ledgerRetentionOf, type RetentionOptions, type RetentionSettings, retentionOf } from './retention-options.ts'
import { type TaskOptions, taskSettings } from './task-options.ts'

/** Where the library's own log lines go. pino and `console` fit as they are. */
export interface Logger {
  debug(message: string): void
  info(message: string): void
  warn(message: string): void
  error(message: string): void
}

/** Options of an app. */
export interface CeleriacOptions {
  /** Shown wherever several apps are. Default `'celeriac'`. */
  name?: string
  /** Path of the SQLite file; may be the application's own. Default `'celeriac.db'` in the working directory. */
  database?: string
  /** Modules that define tasks, imported by every pool thread: `import.meta.url`, a URL, a path, or several. */
  tasks?: string | URL | readonly (string | URL)[]
  /** IANA time zone of schedules that name none. Default `'UTC'`, never the host's. */
  timezone?: string
  /** Most pool threads. Default `os.availableParallelism()`. */
  concurrency?: number
  /** `'full'` syncs every commit that makes a promise; `'normal'` may lose the last ones when the power fails. Default `'full'`. */
  durability?: 'full' | 'normal'
  /** Limits of queues, by name. */
  queues?: Record<string, QueueOptions>
  pool?: PoolOptions
  /** Options of tasks that do not give their own. */
  taskDefaults?: TaskOptions
  /** Most bytes of one job's encoded arguments, and of its result. Default 1 MiB. */
  maxPayload?: number
  /** How long finished jobs are kept. Default: 7 days, failures 30. */
  retention?: RetentionOptions
  /** What `stop()` waits for. */
  shutdown?: ShutdownOptions
  /**
   * Paths masked wherever arguments or results are shown (`info()`, `inspect`), such as `'0.password'`, or `'*.token'` at
   * any depth. What tasks and `get()` receive is not touched. Default: none.
   */
  redact?: readonly string[]
  /** Default: warnings and errors go to `console`. */
  logger?: Logger
}

export interface QueueOptions {
  /** Most jobs of the queue that run at once, over all processes of the file. Default: no limit of its own. */
  concurrency?: number
  /** Most starts in a time, over all processes: `'10/s'`, or `{ limit, per }`. Default: none. */
  rateLimit?: string | { limit: number; per: Duration }
}

export interface PoolOptions {
  /** Threads kept when there is nothing to do. Default 1. */
  minThreads?: number
  /** Time after which a thread above `minThreads` that has nothing to do ends. Default 30 s. */
  idleTimeout?: Duration
  /** Jobs after which a thread is replaced, between jobs. Default: never. */
  maxTasksPerThread?: number
  /** As for `new Worker()`. V8 does not stop every allocation by them: see the README on what is promised. */
  resourceLimits?: {
    maxOldGenerationSizeMb?: number
    maxYoungGenerationSizeMb?: number
    codeRangeSizeMb?: number
    stackSizeMb?: number
  }
  /** Node options of the threads. Default: the process's. */
  execArgv?: string[]
  /** Environment of the threads. Default: a copy of the process's. */
  env?: Record<string, string>
  /**
   * Keeps what a task writes by `console` in a pool thread with its job, besides passing it on. Default true.
   * `process.stdout.write()` and loggers that write to it are not seen.
   */
  captureConsole?: boolean
}

export interface ShutdownOptions {
  /** Time running jobs get to finish. Default 15 s. */
  drain?: Duration
  /** Time they get after their signal was aborted. Default 5 s. */
  grace?: Duration
}

export interface AppSettings {
  name: string
  database: string
  modules: string[]
  timezone: string
  concurrency: number
  durability: 'full' | 'normal'
  queues: Record<string, { concurrency?: number; rateLimit?: Rate }>
  pool: PoolSettings
  taskDefaults: TaskOptions
  maxPayload: number
  retention: RetentionSettings
  ledgerRetention: number | null
  shutdown: { drain: number; grace: number }
  redact: readonly string[]
  logger: Logger
}

const KEYS = [
  'name',
  'database',
  'tasks',
  'timezone',
  'concurrency',
  'durability',
  'queues',
  'pool',
  'taskDefaults',
  'maxPayload',
  'retention',
  'shutdown',
  'redact',
  'logger',
] as const
const POOL_KEYS = [
  'minThreads',
  'idleTimeout',
  'maxTasksPerThread',
  'resourceLimits',
  'execArgv',
  'env',
  'captureConsole',
] as const
const LIMIT_KEYS = ['maxOldGenerationSizeMb', 'maxYoungGenerationSizeMb', 'codeRangeSizeMb', 'stackSizeMb'] as const

const quiet = (): void => {}
const CONSOLE: Logger = { debug: quiet, info: quiet, warn: (m) => console.warn(m), error: (m) => console.error(m) }

/** @throws InvalidOption */
export function appSettings(options: unknown): AppSettings {
  const where = 'new Celeriac()'
  const given = optionsOf(options, where, KEYS)
  const database = given.database ?? 'celeriac.db'
  if (typeof database !== 'string' || database === '' || database.includes('\0'))
    refuse('database', database, 'the path of a file')
  if (database === ':memory:' || database.startsWith('file:')) {
    refuse('database', database, 'the path of a file: threads and processes share it, so it cannot live in memory')
  }
  const taskDefaults = (given.taskDefaults ?? {}) as TaskOptions
  taskSettings(taskDefaults, {}, 'taskDefaults')
  const concurrency = integerOr(given.concurrency, 'concurrency', availableParallelism(), 1, 512)
  const shutdown = optionsOf(given.shutdown, 'shutdown', ['drain', 'grace'])
  return Object.freeze({
    name: given.name === undefined ? 'celeriac' : nameOf(given.name, 'name'),
    database: resolve(database),
    modules: modulesOf(given.tasks),
    timezone: zoneOf(given.timezone),
    concurrency,
    durability: oneOf(given.durability, 'durability', ['full', 'normal'] as const, 'full'),
    queues: queuesOf(given.queues),
    pool: poolOf(given.pool, concurrency),
    taskDefaults,
    maxPayload: integerOr(given.maxPayload, 'maxPayload', 1_048_576, 1, 512 * 1_048_576),
    retention: retentionOf(given.retention),
    ledgerRetention: ledgerRetentionOf(given.retention),
    redact: redactOf(given.redact),
    shutdown: {
      drain: durationOr(shutdown.drain, 'shutdown.drain', 15_000),
      grace: durationOr(shutdown.grace, 'shutdown.grace', 5_000),
    },
    logger: loggerOf(given.logger),
  })
}

function modulesOf(value: unknown): string[] {
  if (value === undefined) return []
  return (Array.isArray(value) ? value : [value]).map((entry: unknown) => {
    const given: unknown = entry instanceof URL ? entry.href : entry
    if (typeof given !== 'string' || given === '')
      refuse('tasks', entry, 'a URL, import.meta.url, a path, or an array of them')
    if (/\[(eval|stdin)\d*\]$/.test(given))
      refuse('tasks', entry, 'a module on disk: the text of a program given to node cannot be imported by threads')
    if (/^(data|https?|node|blob):/i.test(given)) refuse('tasks', entry, 'a module on disk')
    if (!given.startsWith('file:')) return pathToFileURL(resolve(given)).href
    try {
      return pathToFileURL(fileURLToPath(given)).href + query(given)
    } catch {
      return refuse('tasks', entry, 'a file: URL that leads to a module of this host')
    }
  })
}

/** A module may be told apart by its query, as in `./tasks.js?one`. */
function query(url: string): string {
  return new URL(url).search
}

function zoneOf(value: unknown): string {
  if (value === undefined) return 'UTC'
  try {
    return new Intl.DateTimeFormat('en', { timeZone: value as string }).resolvedOptions().timeZone && (value as string)
  } catch {
    return refuse('timezone', value, "an IANA time zone, such as 'Europe/Madrid'")
  }
}

function queuesOf(value: unknown): Record<string, { concurrency?: number; rateLimit?: Rate }> {
  if (value === undefined) return {}
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    refuse('queues', value, 'an object of queue options by name')
  return Object.fromEntries(
    Object.entries(value).map(([name, options]) => {
      const where = `queues.${nameOf(name, 'queues')}`
      const given = optionsOf(options, where, ['concurrency', 'rateLimit'])
      const concurrency = integerOr(given.concurrency, `${where}.concurrency`, null, 1)
      const rateLimit = given.rateLimit === undefined ? null : toRate(given.rateLimit, `${where}.rateLimit`)
      return [name, { ...(concurrency !== null && { concurrency }), ...(rateLimit && { rateLimit }) }]
    }),
  )
}

function poolOf(value: unknown, concurrency: number): AppSettings['pool'] {
  const given = optionsOf(value, 'pool', POOL_KEYS)
  const minThreads = integerOr(given.minThreads, 'pool.minThreads', 1, 0, 512)
  if (minThreads > concurrency) {
    throw new InvalidOption(
      `pool.minThreads is ${minThreads}, more than concurrency (${concurrency}) — raise concurrency or lower it`,
    )
  }
  const limits = given.resourceLimits
  if (limits !== undefined) {
    for (const [key, limit] of Object.entries(optionsOf(limits, 'pool.resourceLimits', LIMIT_KEYS))) {
      if (typeof limit !== 'number' || !(limit > 0))
        refuse(`pool.resourceLimits.${key}`, limit, 'a number of megabytes')
    }
  }
  const { execArgv, env } = given
  if (execArgv !== undefined && !(Array.isArray(execArgv) && execArgv.every((arg) => typeof arg === 'string'))) {
    refuse('pool.execArgv', execArgv, 'an array of texts')
  }
  if (env !== undefined) {
    if (typeof env !== 'object' || env === null || Array.isArray(env)) refuse('pool.env', env, 'an object of texts')
    for (const [key, text] of Object.entries(env))
      if (typeof text !== 'string') refuse(`pool.env.${key}`, text, 'a text')
  }
  return {
    minThreads,
    idleTimeout: durationOr(given.idleTimeout, 'pool.idleTimeout', 30_000),
    maxTasksPerThread: integerOr(given.maxTasksPerThread, 'pool.maxTasksPerThread', 0, 1),
    resourceLimits: (limits as Record<string, number> | undefined) ?? null,
    execArgv: (execArgv as string[] | undefined) ?? null,
    env: (env as Record<string, string> | undefined) ?? null,
    captureConsole: booleanOr(given.captureConsole, 'pool.captureConsole', true),
  }
}

function loggerOf(value: unknown): Logger {
  if (value === undefined) return CONSOLE
  for (const level of ['debug', 'info', 'warn', 'error']) {
    if (typeof (value as Record<string, unknown> | null)?.[level] !== 'function') {
      refuse('logger', value, 'an object with the functions debug, info, warn and error')
    }
  }
  return value as Logger
}

function redactOf(value: unknown): readonly string[] {
  if (value === undefined) return []
  if (!Array.isArray(value) || !value.every((path) => typeof path === 'string' && path !== '')) {
    refuse('redact', value, "an array of paths, such as ['0.password', '*.token']")
  }
  return value as string[]
}
