import { HEAD_START } from '../../domain/rank.ts'
import type { QueueDepth } from '../../wire/reading.ts'
import type { Connection, Statement } from '../driver.ts'
import { unclaimed } from '../jobs/state-terms.ts'

/** How far into a line the oldest job is looked for: those of a lower priority lie further back. */
const LOOK_AHEAD = 1_000

/** Depths of queues, from the indexes of what is unfinished. */
export class Queues {
  readonly #lines: Statement
  readonly #oldest: Statement

  constructor(db: Connection) {
    // One statement, for both to be of the same moment.
    this.#lines =
      db.prepare(`SELECT queue, task, count(*) AS jobs, 0 AS running FROM celeriac_jobs WHERE state = 'PENDING'
        GROUP BY queue, task
      UNION ALL SELECT j.queue, j.task, -1, 1 FROM celeriac_claims c CROSS JOIN celeriac_jobs j ON j.seq = c.seq`)
    this.#oldest = db
      .prepare(`SELECT min(rank + priority * ${HEAD_START}) FROM (SELECT rank, priority FROM celeriac_jobs
        WHERE state = 'PENDING' AND queue = ? AND task = ? AND ${unclaimed()} ORDER BY rank, seq LIMIT ${LOOK_AHEAD})`)
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
    for (const row of this.#lines.all() as { queue: string; task: string; jobs: number; running: number }[]) {
      const { queue, task } = taskOf(row.queue, row.task)
      for (const depth of [queue, task]) {
        depth.pending += row.jobs
        depth.running += row.running
      }
    }
    for (const queue of queues.values()) {
      // What waits comes first.
      queue.tasks.sort((a, b) => Number(a.pending === 0) - Number(b.pending === 0))
      for (const { task } of queue.tasks) {
        const oldest = this.#oldest.get(queue.queue, task) as number | null
        if (oldest !== null) queue.oldest = Math.min(queue.oldest ?? oldest, oldest)
      }
    }
    return [...queues.values()].sort((a, b) => (a.queue < b.queue ? -1 : 1))
  }
}
