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

/** It sleeps for a poll whenever all places are taken. */
const AT_ONCE = 50
const LEFT = ['waiting', 'claimed', 'running']

export const sidequest: Peer = {
  name: 'sidequest',
  packages: ['sidequest@1.16.4', '@sidequest/sqlite-backend@1.16.5'],
  // Its backend asks for a core that was not published.
  overrides: { '@sidequest/core': '1.16.4', '@sidequest/backend': '1.16.4' },
  node: 22,
  service: null,
  settings:
    '50 jobs at once in a thread for each of ours (minThreads = maxThreads), polls every 5 ms (default 100), its core and backend held at 1.16.4',
  durability: 'synced to disk (SQLite rollback journal, synchronous = FULL: SQLite as it comes)',
  runsIn: 'worker threads of a child process',
  roundTripBy: 'the state of the job, looked at every 5 ms',
  async open({ dir, packages, threads }) {
    const { Sidequest } = await load<Sidequest>(packages, 'sidequest')
    const file = join(packages, 'sidequest-jobs.mjs')
    writeFileSync(file, jobsModule(fileURLToPath(new URL('../work.js', import.meta.url))))
    const { Work } = (await import(pathToFileURL(file).href)) as { Work: unknown }
    const options = {
      backend: { driver: '@sidequest/sqlite-backend', config: join(dir, 'sidequest.db') },
      queues: [{ name: 'default', concurrency: AT_ONCE }],
      maxConcurrentJobs: AT_ONCE,
      minThreads: threads,
      maxThreads: threads,
      jobPollingInterval: 5,
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
      ended: async () => (await Sidequest.job.count()).completed ?? 0,
      roundTrip: async () => {
        const { id } = await Sidequest.build(Work).enqueue({ task: 'noop', argument: null })
        while (LEFT.includes((await Sidequest.job.get(id))?.state ?? '')) await sleep(5)
      },
    }
  },
}
