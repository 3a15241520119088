/** Enqueues and runs jobs whose effect is a row of the same file, until it is killed or has run `jobs`; with `{ last: true }` until all have ended. */
import { writeSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { isMainThread } from 'node:worker_threads'
import { Celeriac, currentTask, type TaskDatabase } from 'celeriac'
import { integer, seeded } from '../random.ts'

const quiet = (): void => {}

const app = new Celeriac({
  name: 'ledger',
  database: process.env.CRASH_DATABASE!,
  tasks: import.meta.url,
  concurrency: Number(process.env.CRASH_THREADS),
  logger: { debug: quiet, info: quiet, warn: quiet, error: (message) => console.error(message) },
})

const run = (): string => `${currentTask().id}#${currentTask().attempt}`

function enter(db: TaskDatabase, key: string): string {
  db.prepare('INSERT INTO ledger (job, key, run) VALUES (?, ?, ?)').run(currentTask().id, key, run())
  return run()
}

function spin(milliseconds: number): void {
  const end = performance.now() + milliseconds
  while (performance.now() < end);
}

const retry = { maxRetries: 5, backoff: 'fixed', delay: 1, jitter: 'none' } as const

const short = app.task('short', (key: string, milliseconds: number) => {
  spin(milliseconds)
  currentTask().transaction((db) => enter(db, key))
})

/** Lives on for a while after its end. */
const waiting = app.task('waiting', async (key: string, milliseconds: number) => {
  await pause(milliseconds)
  currentTask().transaction((db) => {
    const result = enter(db, key)
    spin(milliseconds / 4)
    return result
  })
  await pause(milliseconds)
  throw new Error('too late to fail')
})

/** Fails within its first transactions. */
const flaky = app.task('flaky', { retry }, (key: string, failures: number) => {
  currentTask().transaction((db) => {
    const result = enter(db, key)
    if (currentTask().attempt <= failures) throw new Error('planned')
    return result
  })
})

let keys = 0

async function produce(random: () => number, jobs: number): Promise<void> {
  while (keys < jobs) {
    const key = `${process.pid}-${++keys}`
    const kind = integer(random, 0, 3)
    const handle =
      kind === 0
        ? await waiting.delay(key, integer(random, 0, 8))
        : kind === 1
          ? await flaky.delay(key, integer(random, 0, 2))
          : await short.delay(key, random())
    await handle.get().catch(() => {})
  }
}

if (isMainThread) {
  const {
    seed,
    jobs = Number.POSITIVE_INFINITY,
    last = false,
  } = JSON.parse(process.argv[2]!) as { seed: number; jobs?: number; last?: boolean }
  process.on('disconnect', () => process.exit(1))
  await app.start()
  if (process.send) process.send('working')
  else writeSync(1, 'working\n')
  if (last) {
    const open = ['SCHEDULED', 'PENDING', 'BLOCKED', 'STARTED', 'RETRY']
    const deadline = performance.now() + 30_000
    while (performance.now() < deadline) {
      const { states } = await app.inspect.stats()
      if (open.every((state) => !states[state])) break
      await pause(10)
    }
  } else {
    const random = seeded(seed)
    await Promise.all(Array.from({ length: 8 }, () => produce(random, jobs)))
  }
  await app.stop({ drain: 0, grace: 0 })
  process.removeAllListeners('disconnect')
  process.disconnect?.()
}
