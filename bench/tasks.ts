/** The benchmark's application and task module; `openApp` sets the environment before the first import. */
import { Celeriac, currentTask } from 'celeriac'
import * as functions from './functions.ts'

export const app = new Celeriac({
  name: 'bench',
  database: process.env.BENCH_DATABASE ?? 'bench.db',
  tasks: import.meta.url,
  concurrency: Number(process.env.BENCH_THREADS ?? 2),
  pool: { captureConsole: process.env.BENCH_CAPTURE !== 'false' },
})

export const noop = app.task('noop', functions.noop)
export const fib = app.task('fib', functions.fib)
export const speak = app.task('speak', functions.speak)
export const loop = app.task('loop', functions.loop)
export const heed = app.task('heed', () => functions.heed(currentTask().signal))
export const hold = app.task('hold', functions.hold)
export const orphan = app.task('orphan', functions.orphan)
