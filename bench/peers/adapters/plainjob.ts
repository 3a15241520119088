import { join } from 'node:path'
import { Calls, Counter } from '../counter.ts'
import { load } from '../load.ts'
import type { Peer } from '../peer.ts'
import { run } from '../work.ts'

interface Plainjob {
  better(db: Driver): unknown
  defineQueue(options: object): {
    add(type: string, data: unknown): unknown
    addMany(type: string, data: readonly unknown[]): unknown
    countJobs(options: { status: number }): number
  }
  defineWorker(type: string, fn: (job: { data: string }) => Promise<void>, options: object): Worker
  JobStatus: { Pending: number; Processing: number }
}
interface Worker {
  start(): Promise<void>
}
interface Driver {
  pragma(text: string): unknown
}

const silent = { error: () => {}, warn: () => {}, info: () => {}, debug: () => {} }

export const plainjob: Peer = {
  name: 'plainjob',
  packages: ['plainjob', 'better-sqlite3@12'],
  service: null,
  settings: 'one worker, polls every 5 ms (default 1 s), logger off, synchronous = FULL (it sets NORMAL)',
  durability: 'synced to disk (SQLite WAL, synchronous = FULL)',
  runsIn: "the application's event loop",
  roundTripBy: 'onCompleted in the same process',
  async open({ dir, packages }) {
    const { better, defineQueue, defineWorker, JobStatus } = await load<Plainjob>(packages, 'plainjob')
    const { default: Database } = await load<{ default: new (path: string) => Driver }>(packages, 'better-sqlite3')
    const db = new Database(join(dir, 'plainjob.db'))
    const queue = defineQueue({ connection: better(db), logger: silent })
    db.pragma('synchronous = FULL')
    const [counter, calls] = [new Counter(), new Calls()]
    const worker = defineWorker(
      'work',
      async ({ data }) => {
        const { task, argument } = JSON.parse(data)
        await run(task, argument)
      },
      {
        queue,
        logger: silent,
        pollIntervall: 5,
        onCompleted: ({ data }: { data: string }) => {
          counter.add()
          calls.end(JSON.parse(data).key)
        },
      },
    )
    return {
      enqueue: async (call) => queue.add('work', call),
      enqueueMany: async (many) => queue.addMany('work', [...many]),
      work: async () => void worker.start(),
      drained: (n) =>
        counter.drained(
          n,
          () => queue.countJobs({ status: JobStatus.Pending }) + queue.countJobs({ status: JobStatus.Processing }),
        ),
      ended: () => counter.ended,
      wait: (ms) => counter.wait(ms),
      roundTrip: () => calls.run(async (key) => queue.add('work', { task: 'noop', argument: null, key })),
    }
  },
}
