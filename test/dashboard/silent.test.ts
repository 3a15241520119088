/** How the pages show a process that was killed or hangs: no page of its own process could. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { WorkerLine } from 'celeriac'
import type { DashboardData } from '../../lib/dashboard/data.ts'
import type { View } from '../../lib/dashboard/page.ts'
import { workersPage } from '../../lib/dashboard/pages/workers.ts'

const NOW = 1_800_000_000_000
const vitals = { memory: 99e6, threads: 2, busy: 1, stuck: 1, restarts: 3, engineDelay: 4, appDelay: 1_500 }
const line = { app: 'shop', host: 'here', pid: 7, role: 'worker', threads: 2, startedAt: NOW - 90_000, tasks: [] }

async function shown(signs: Partial<WorkerLine>): Promise<string> {
  const worker = {
    ...line,
    key: 'k',
    beatAt: NOW - 40_000,
    alive: true,
    silentSince: null,
    running: [],
    vitals,
    ...signs,
  }
  const data = { workers: async () => [worker] } as unknown as DashboardData
  const { body } = await workersPage({ root: './', now: NOW } as View, data)
  return String(body).replace(/<[^>]*>/g, '')
}

test('a process that answers, one that is dead and one that hangs are told apart', async () => {
  assert.match(await shown({}), /shop worker.*alive/)
  assert.match(await shown({ alive: false, silentSince: NOW - 40_000 }), /dead, silent for 40 s/)
  assert.match(await shown({ silentSince: NOW - 40_000 }), /hung, silent for 40 s/)
})

test('memory, threads and late event loops are what the process last said', async () => {
  const text = await shown({})
  assert.match(text, /99\.0 MB of memory, 2 threads open, 3 restarts of threads/)
  assert.match(text, /at most 1\.5 s \(application\) and 4 ms \(engine\) late/)
  assert.match(text, /1 thread cannot be ended/)
  assert.doesNotMatch(await shown({ role: 'beat' }), /threads open|Idle/)
})

test('of short jobs more are handed out than there are threads', async () => {
  const running = Array.from({ length: 9 }, (_, i) => {
    const job = { id: `j${i}`, task: 'add', queue: 'q', state: 'STARTED' as const, attempt: 1 }
    return { ...job, enqueuedAt: NOW, startedAt: i === 0 ? NOW : null, finishedAt: null, thread: i === 0 ? 1 : null }
  })
  assert.match(await shown({ running }), /2 of 2 threads busy, 7 more handed out to them/)
})
