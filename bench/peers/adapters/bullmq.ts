import { Counter } from '../counter.ts'
import { load } from '../load.ts'
import type { Call, Peer } from '../peer.ts'
import { run } from '../work.ts'

interface Job {
  readonly data: Call
  waitUntilFinished(events: unknown, ms: number): Promise<unknown>
}
interface Part {
  on(event: string, listener: (...args: never[]) => void): unknown
  waitUntilReady(): Promise<unknown>
}
interface BullMQ {
  Queue: new (
    name: string,
    options: object,
  ) => Part & {
    add(name: string, data: Call): Promise<Job>
    addBulk(jobs: readonly object[]): Promise<Job[]>
    getJobCounts(...states: string[]): Promise<Record<string, number>>
  }
  QueueEvents: new (name: string, options: object) => Part
  Worker: new (name: string, processor: unknown, options: object) => Part
}

const CHUNK = 1_000

export const bullmq: Peer = {
  name: 'bullmq',
  packages: ['bullmq@6', 'ioredis'],
  service: 'redis',
  settings:
    'concurrency 100, the last 1,000 finished jobs kept; fib in its worker threads (sandboxed processor, useWorkerThreads)',
  durability: 'synced to disk (Redis appendonly yes, appendfsync always)',
  runsIn: "the application's event loop; fib in worker threads",
  roundTripBy: 'waitUntilFinished()',
  async open({ packages, url, namespace, threads }) {
    const { Queue, QueueEvents, Worker } = await load<BullMQ>(packages, 'bullmq')
    const { hostname: host, port } = new URL(url as string)
    const options = { connection: { host, port: Number(port), maxRetriesPerRequest: null }, prefix: namespace }
    // One that is gone before its caller asks is an error to `waitUntilFinished()`.
    const kept = { removeOnComplete: { count: 1_000 } }
    const [work, heavy] = ['work', 'heavy'].map((name) => new Queue(name, { ...options, defaultJobOptions: kept })) as [
      InstanceType<BullMQ['Queue']>,
      InstanceType<BullMQ['Queue']>,
    ]
    const counter = new Counter()
    const events = new QueueEvents('work', options)
    const queueOf = (call: Call | undefined) => (call?.task === 'fib' ? heavy : work)
    const left = async (): Promise<number> => {
      const counts = await Promise.all([work, heavy].map((queue) => queue.getJobCounts('wait', 'active', 'delayed')))
      return counts.flatMap((count) => Object.values(count)).reduce((sum, n) => sum + n, 0)
    }
    return {
      enqueue: (call) => queueOf(call).add('job', call),
      enqueueMany: async (calls) => {
        for (let i = 0; i < calls.length; i += CHUNK) {
          await queueOf(calls[0]).addBulk(calls.slice(i, i + CHUNK).map((data) => ({ name: 'job', data })))
        }
      },
      work: async () => {
        const processor = new URL('./bullmq-processor.js', import.meta.url)
        const workers = [
          new Worker('work', ({ data }: Job) => run(data.task, data.argument), { ...options, concurrency: 100 }),
          new Worker('heavy', processor, { ...options, concurrency: threads, useWorkerThreads: true }),
        ]
        for (const worker of workers) {
          worker.on('completed', () => counter.add())
          worker.on('error', () => {})
        }
        await Promise.all([...workers, events].map((each) => each.waitUntilReady()))
      },
      drained: (n) => counter.drained(n, left),
      ended: () => counter.ended,
      wait: (ms) => counter.wait(ms),
      roundTrip: async () => {
        const job = await work.add('job', { task: 'noop', argument: null })
        await job.waitUntilFinished(events, 20_000)
      },
    }
  },
}
