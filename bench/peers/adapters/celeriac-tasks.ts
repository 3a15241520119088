import { Celeriac } from 'celeriac'
import { run } from '../work.ts'

export const app = new Celeriac({
  name: 'bench-peers',
  database: process.env.BENCH_PEERS_DATABASE ?? 'bench.db',
  tasks: import.meta.url,
  concurrency: Number(process.env.BENCH_PEERS_THREADS ?? 2),
})

export const noop = app.task('noop', (_argument: unknown): unknown => null)
export const fib = app.task('fib', (argument: unknown): unknown => run('fib', argument))
export const step = app.task('step', (argument: unknown): unknown => run('step', argument))
