/** The benchmark's application and task module; `openApp` sets the environment before the first import. */
import { Celeriac, currentTask } from 'celeriac'
import * as functions from './functions.ts'

export const app = new Celeriac({
  name: 'bench',
  database: process.env.BENCH_DATABASE ?? 'bench.db',
  tasks: import.meta.url,
  durability: process.env.BENCH_DURABILITY === 'normal' ? 'normal' : 'full',
  concurrency: Number(process.env.BENCH_THREADS ?? 2),
  ...(process.env.BENCH_RETENTION && { retention: { success: process.env.BENCH_RETENTION } }),
  pool: { captureConsole: process.env.BENCH_CAPTURE !== 'false' },
})

export const noop = app.task('noop', functions.noop)
export const fib = app.task('fib', functions.fib)
export const speak = app.task('speak', functions.speak)
export const loop = app.task('loop', functions.loop)
export const heed = app.task('heed', () => functions.heed(currentTask().signal))
export const hold = app.task('hold', functions.hold)
export const orphan = app.task('orphan', functions.orphan)

/** No-ops under a limit that never holds them back, each for what the limit itself costs. */
const key = (i: number): string => `key ${i}`
const plenty = { limit: 1_000_000, per: '1s' }
export const plain = app.task('plain', (_i: number) => null)
export const rated = app.task('rated', { rateLimit: plenty }, (_i: number) => null)
export const keyed = app.task('keyed', { concurrency: { limit: 1, key } }, (_i: number) => null)
export const ratedByKey = app.task('ratedByKey', { rateLimit: { ...plenty, key } }, (_i: number) => null)
export const unique = app.task('unique', { unique: { key, until: 'finished' } }, (_i: number) => null)
/** Two that are held back for as long as a trial lasts: by a key, and by a rate. */
export const heldByKey = app.task('heldByKey', { concurrency: { limit: 1, key: () => 'one' } }, functions.hold)
export const heldByRate = app.task('heldByRate', { rateLimit: '1/h' }, functions.noop)
