import { HEAD_START } from '../../domain/rank.ts'
import type { QueueDepth } from '../../wire/reading.ts'
import type { Connection, Statement } from '../driver.ts'

/** How far into a line the oldest job is looked for: those of a lower priority lie further back. */
const LOOK_AHEAD = 1_000

/** Depths of queues, from the indexes of what is unfinished. */
export class Queues {
  readonly #pending: Statement
  readonly #running: Statement
  readonly #oldest: Statement

  constructor(db: Connection) {
    this.#pending = db.prepare(`SELECT queue, task, count(*) AS jobs FROM celeriac_jobs WHERE state = 'PENDING'
      GROUP BY queue, task`)
    this.#running = db.prepare(`SELECT queue, task, count(*) AS jobs FROM celeriac_jobs WHERE state = 'STARTED'
      GROUP BY queue, task`)
    this.#oldest = db
      .prepare(`SELECT min(rank + priority * ${HEAD_START}) FROM (SELECT rank, priority FROM celeriac_jobs
        WHERE state = 'PENDING' AND queue = ? AND task = ? ORDER BY rank, seq LIMIT ${LOOK_AHEAD})`)
      .pluck()
  }

  /** @param handled tasks that a live process declares */
  depths(handled: ReadonlySet<string>): QueueDepth[] {
    const queues = new Map<string, QueueDepth>()
    const taskOf = (queue: string, task: string) => {
      const known = queues.get(queue) ?? { queue, pending: 0, running: 0, oldest: null, tasks: [] }
      queues.set(queue, known)
      let entry = known.tasks.find((one) => one.task === task)
      if (!entry) {
        entry = { task, pending: 0, running: 0, handled: handled.has(task) }
        known.tasks.push(entry)
      }
      return { queue: known, task: entry }
    }
    for (const row of this.#pending.all() as { queue: string; task: string; jobs: number }[]) {
      const { queue, task } = taskOf(row.queue, row.task)
      task.pending = row.jobs
      queue.pending += row.jobs
      const oldest = this.#oldest.get(row.queue, row.task) as number | null
      if (oldest !== null) queue.oldest = Math.min(queue.oldest ?? oldest, oldest)
    }
    for (const row of this.#running.all() as { queue: string; task: string; jobs: number }[]) {
      const { queue, task } = taskOf(row.queue, row.task)
      task.running = row.jobs
      queue.running += row.jobs
    }
    return [...queues.values()].sort((a, b) => (a.queue < b.queue ? -1 : 1))
  }
}
