/**
 * Opens the benchmark's application on `database`. Once a process: the module that defines the tasks also makes the
 * app, as in an application. Imported late, so that a trial that measures a bare process has loaded nothing.
 */
export async function openApp(database: string, threads = 2, retention?: string) {
  process.env.BENCH_DATABASE = database
  if (retention !== undefined) process.env.BENCH_RETENTION = retention
  process.env.BENCH_THREADS = String(threads)
  return await import('../tasks.ts')
}

export type Opened = Awaited<ReturnType<typeof openApp>>
