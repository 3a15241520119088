import { join } from 'node:path'
import { expectEqual } from '../../check.ts'
import { Calls, Counter } from '../counter.ts'
import { load } from '../load.ts'
import type { Call, Peer } from '../peer.ts'
import { run } from '../work.ts'

type Data = Call & { readonly key?: number }
interface Liteque {
  buildDBClient(path: string, options: object): { run(query: unknown): unknown; get(query: unknown): unknown }
  SqliteQueue: new (
    name: string,
    db: unknown,
    options: object,
  ) => {
    enqueue(data: Data): Promise<unknown>
    stats(): Promise<{ pending: number; pending_retry: number; running: number }>
  }
  Runner: new (
    queue: unknown,
    functions: object,
    options: object,
  ) => {
    run(): Promise<void>
  }
}

const SYNCHRONOUS_FULL = 2

export const liteque: Peer = {
  name: 'liteque',
  // From 11.10 on, better-sqlite3 refuses the asynchronous transactions in which liteque takes its jobs.
  packages: ['liteque', 'better-sqlite3@11.3.0'],
  service: null,
  settings:
    'WAL, concurrency 8, polls every 5 ms, time limit 60 s as in its example, synchronous = FULL (it sets NORMAL)',
  durability: 'synced to disk (SQLite WAL, synchronous = FULL)',
  runsIn: "the application's event loop",
  roundTripBy: 'onComplete in the same process',
  async open({ dir, packages }) {
    const { buildDBClient, Runner, SqliteQueue } = await load<Liteque>(packages, 'liteque')
    const db = buildDBClient(join(dir, 'liteque.db'), { runMigrations: true, walEnabled: true })
    const { sql } = await load<{ sql: { raw(text: string): unknown } }>(packages, 'drizzle-orm')
    db.run(sql.raw('PRAGMA synchronous = FULL'))
    expectEqual(Object.values(db.get(sql.raw('PRAGMA synchronous')) as object), [SYNCHRONOUS_FULL], 'synchronous')
    const queue = new SqliteQueue('work', db, { defaultJobArgs: { numRetries: 2 }, keepFailedJobs: false })
    const [counter, calls] = [new Counter(), new Calls()]
    const runner = new Runner(
      queue,
      {
        run: ({ data }: { data: Data }) => run(data.task, data.argument),
        onComplete: async ({ data }: { data: Data }) => {
          counter.add()
          calls.end(data.key)
        },
      },
      { concurrency: 8, pollIntervalMs: 5, timeoutSecs: 60 },
    )
    return {
      enqueue: (call) => queue.enqueue(call),
      enqueueMany: null,
      work: async () => void runner.run(),
      drained: (n) =>
        counter.drained(n, async () => {
          const { pending, pending_retry, running } = await queue.stats()
          return pending + pending_retry + running
        }),
      ended: () => counter.ended,
      wait: (ms) => counter.wait(ms),
      roundTrip: () => calls.run((key) => queue.enqueue({ task: 'noop', argument: null, key })),
    }
  },
}
