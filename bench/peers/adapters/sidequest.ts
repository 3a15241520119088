import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { expectEqual } from '../../check.ts'
import { load } from '../load.ts'
import type { Peer } from '../peer.ts'
import { jobsModule } from './sidequest-jobs.ts'

interface Sidequest {
  Sidequest: {
    configure(options: object): Promise<unknown>
    start(options: object): Promise<unknown>
    build(job: unknown): { enqueue(...args: unknown[]): Promise<{ id: number }> }
    job: { count(): Promise<Record<string, number>>; get(id: number): Promise<{ state: string } | undefined> }
  }
}

const LEFT = ['waiting', 'claimed', 'running']

export const sidequest: Peer = {
  name: 'sidequest',
  packages: ['sidequest', '@sidequest/sqlite-backend'],
  service: null,
  settings: 'maxConcurrentJobs = threads, polls every 100 ms',
  durability: 'its own pragmas (SQLite)',
  runsIn: 'worker threads of a child process',
  roundTripBy: 'the state of the job, looked at every 5 ms',
  async open({ dir, packages, threads }) {
    const { Sidequest } = await load<Sidequest>(packages, 'sidequest')
    const file = join(packages, 'sidequest-jobs.mjs')
    writeFileSync(file, jobsModule(fileURLToPath(new URL('../work.js', import.meta.url))))
    const { Work } = (await import(pathToFileURL(file).href)) as { Work: unknown }
    const options = {
      backend: { driver: '@sidequest/sqlite-backend', config: join(dir, 'sidequest.db') },
      queues: [{ name: 'default', concurrency: threads }],
      maxConcurrentJobs: threads,
      jobPollingInterval: 100,
      logger: { level: 'error' },
      dashboard: { enabled: false },
    }
    await Sidequest.configure(options)
    const left = async () => {
      const counts = await Sidequest.job.count()
      return LEFT.reduce((sum, state) => sum + (counts[state] ?? 0), 0)
    }
    return {
      enqueue: (call) => Sidequest.build(Work).enqueue(call),
      enqueueMany: null,
      work: () => Sidequest.start(options),
      drained: async (n) => {
        while ((await left()) > 0) await sleep(20)
        expectEqual((await Sidequest.job.count()).completed, n, 'completed jobs')
      },
      roundTrip: async () => {
        const { id } = await Sidequest.build(Work).enqueue({ task: 'noop', argument: null })
        while (LEFT.includes((await Sidequest.job.get(id))?.state ?? '')) await sleep(5)
      },
    }
  },
}
