import { join } from 'node:path'
import { readRows } from '../../ours/rows.ts'
import type { Peer, TaskName } from '../peer.ts'

/** Enough of the last jobs that hardly another is left when these have ended. */
const LAST = 256

export const celeriac: Peer = {
  name: 'celeriac',
  packages: [],
  service: null,
  settings: 'defaults',
  durability: 'synced to disk (SQLite WAL, synced before a call is answered)',
  runsIn: 'worker threads',
  roundTripBy: 'result.get()',
  async open({ dir, threads }) {
    const file = join(dir, 'celeriac.db')
    process.env.BENCH_PEERS_DATABASE = file
    process.env.BENCH_PEERS_THREADS = String(threads)
    const { app, noop, fib, step } = await import('./celeriac-tasks.ts')
    const tasks: Record<TaskName, typeof fib> = { noop, fib, step }
    let last: { get(options: { timeout: number }): Promise<unknown> }[] = []
    return {
      enqueue: ({ task, argument }) => tasks[task].delay(argument),
      enqueueMany: async (calls) => {
        const task = calls[0]?.task ?? 'noop'
        last = (await tasks[task].delayMany(calls.map(({ argument }): [unknown] => [argument]))).slice(-LAST)
      },
      work: () => app.start(),
      drained: async (n) => {
        await Promise.all(last.map((handle) => handle.get({ timeout: 600_000 })))
        const rows = readRows(file)
        while (rows.firstUnfinished(0) !== undefined) await new Promise((resolve) => setTimeout(resolve, 5))
        const found = rows.states().SUCCESS
        rows.close()
        if (found !== n) throw new Error(`${found} of ${n} jobs succeeded`)
      },
      ended: async () => (await app.inspect.stats()).states.SUCCESS ?? 0,
      roundTrip: async () => (await noop.delay(null)).get({ timeout: 20_000 }),
    }
  },
}
