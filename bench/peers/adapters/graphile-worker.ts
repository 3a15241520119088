import { Calls, Counter } from '../counter.ts'
import { load } from '../load.ts'
import type { Call, Peer } from '../peer.ts'
import { run } from '../work.ts'

type Data = Call & { readonly key?: number }
interface Graphile {
  Logger: new (factory: () => () => void) => unknown
  makeWorkerUtils(options: object): Promise<{
    migrate(): Promise<unknown>
    addJob(name: string, payload: Data): Promise<unknown>
    addJobs(jobs: readonly object[]): Promise<unknown>
    withPgClient<T>(use: (client: { query(sql: string): Promise<{ rows: { n: number }[] }> }) => Promise<T>): Promise<T>
  }>
  run(options: object): Promise<unknown>
}

const CHUNK = 10_000

export const graphileWorker: Peer = {
  name: 'graphile-worker',
  packages: ['graphile-worker@0.18'],
  node: 22,
  service: 'postgres',
  settings: 'concurrentJobs 24, localQueue size 500, completeJobBatchDelay 0, LISTEN/NOTIFY; ANALYZE after a backlog',
  durability: 'synced to disk (PostgreSQL, fsync and synchronous_commit on)',
  runsIn: "the application's event loop",
  roundTripBy: 'the handler in the same process',
  async open({ packages, url, namespace }) {
    const { Logger, makeWorkerUtils, run: start } = await load<Graphile>(packages, 'graphile-worker')
    const logger = new Logger(() => () => {})
    const worker = {
      connectionString: url,
      schema: namespace,
      concurrentJobs: 24,
      maxPoolSize: 26,
      localQueue: { size: 500 },
      completeJobBatchDelay: 0,
      failJobBatchDelay: 0,
      logger,
    }
    const utils = await makeWorkerUtils({ preset: { worker } })
    await utils.migrate()
    const [counter, calls] = [new Counter(), new Calls()]
    return {
      enqueue: (call) => utils.addJob('work', call),
      enqueueMany: async (many) => {
        for (let i = 0; i < many.length; i += CHUNK) {
          await utils.addJobs(many.slice(i, i + CHUNK).map((payload) => ({ identifier: 'work', payload })))
        }
      },
      // PostgreSQL looks for tables to analyze once a minute; until then it takes this one for empty, and reads all of it for each fetch.
      settle: () => utils.withPgClient((client) => client.query('ANALYZE')),
      work: async () => {
        const work = async ({ task, argument, key }: Data) => {
          await run(task, argument)
          counter.add()
          calls.end(key)
        }
        await start({ preset: { worker }, taskList: { work }, noHandleSignals: true })
      },
      drained: (n) =>
        counter.drained(n, async () => {
          return await utils.withPgClient(async (client) => {
            const { rows } = await client.query(`SELECT count(*)::int AS n FROM ${namespace}.jobs`)
            return rows[0]?.n ?? 0
          })
        }),
      ended: () => counter.ended,
      wait: (ms) => counter.wait(ms),
      roundTrip: () => calls.run((key) => utils.addJob('work', { task: 'noop', argument: null, key })),
    }
  },
}
