import { Calls, Counter } from '../counter.ts'
import { load } from '../load.ts'
import type { Call, Peer } from '../peer.ts'
import { run } from '../work.ts'

type Data = Call & { readonly key?: number }
interface Boss {
  on(event: string, listener: () => void): unknown
  start(): Promise<unknown>
  createQueue(name: string, options: object): Promise<unknown>
  send(name: string, data: Data): Promise<unknown>
  insert(...args: unknown[]): Promise<unknown>
  work(name: string, options: object, handler: (jobs: { data: Data }[]) => Promise<unknown>): Promise<unknown>
}
interface Client {
  connect(): Promise<unknown>
  query(sql: string): Promise<{ rows: { n: number }[] }>
}

/** It would wait for a poll between batches otherwise. */
const OPTIONS = {
  batchSize: 10_000,
  burstWhenBatchFull: true,
  pollingIntervalSeconds: 0.5,
  notifyPollingIntervalSeconds: 0.5,
}

export const pgBoss: Peer = {
  name: 'pg-boss',
  packages: ['pg-boss@12', 'pg'],
  node: 22,
  service: 'postgres',
  settings:
    'batchSize 10,000, burstWhenBatchFull, LISTEN/NOTIFY (useListenNotify, notify), polls every 0.5 s besides (its least); ANALYZE after a backlog',
  durability: 'synced to disk (PostgreSQL, fsync and synchronous_commit on)',
  runsIn: "the application's event loop",
  roundTripBy: 'the handler in the same process',
  async open({ packages, url, namespace }) {
    type Module = { default?: new (options: object) => Boss; PgBoss?: new (options: object) => Boss }
    const module = await load<Module>(packages, 'pg-boss')
    const PgBoss = module.PgBoss ?? module.default
    if (!PgBoss) throw new Error('pg-boss exports no class that this knows')
    const { default: pg } = await load<{ default: { Client: new (url: string) => Client } }>(packages, 'pg')
    const boss = new PgBoss({ connectionString: url, schema: namespace, useListenNotify: true })
    boss.on('error', () => {})
    await boss.start()
    await boss.createQueue('work', { notify: true })
    const client = new pg.Client(url as string)
    await client.connect()
    const [counter, calls] = [new Counter(), new Calls()]
    // The bulk call takes the queue's name first since version 11.
    const named = boss.insert.length > 1 || module.PgBoss !== undefined
    return {
      enqueue: (call) => boss.send('work', call),
      enqueueMany: (many) =>
        named
          ? boss.insert(
              'work',
              many.map((data) => ({ data })),
            )
          : boss.insert(many.map((data) => ({ name: 'work', data }))),
      // As PostgreSQL does by itself within a minute.
      settle: () => client.query('ANALYZE'),
      work: () =>
        boss.work('work', OPTIONS, async (jobs) => {
          await Promise.all(jobs.map(({ data }) => run(data.task, data.argument)))
          for (const { data } of jobs) calls.end(data.key)
          counter.add(jobs.length)
        }),
      drained: (n) =>
        counter.drained(n, async () => {
          const { rows } = await client.query(
            `SELECT count(*)::int AS n FROM ${namespace}.job WHERE name = 'work' AND state < 'completed'`,
          )
          return rows[0]?.n ?? 0
        }),
      ended: () => counter.ended,
      wait: (ms) => counter.wait(ms),
      roundTrip: () => calls.run((key) => boss.send('work', { task: 'noop', argument: null, key })),
    }
  },
}
