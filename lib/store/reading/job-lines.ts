import type { JobLine } from '../../wire/reading.ts'
import type { Connection, Statement } from '../driver.ts'

/** Most running jobs that are listed, and most children of one job. */
const RUNNING = 1_000
const CHILDREN = 100

const LINE = `id, task, queue, state, attempt, enqueued_at AS enqueuedAt, started_at AS startedAt, finished_at AS finishedAt
  FROM celeriac_jobs_now`

/** Jobs without their payloads. */
export class JobLines {
  readonly #running: Statement
  readonly #children: Statement

  constructor(db: Connection) {
    this.#running = db.prepare(`SELECT owner, ${LINE} WHERE seq IN (SELECT seq FROM celeriac_claims) LIMIT ${RUNNING}`)
    this.#children = db.prepare(`SELECT ${LINE} WHERE parent_id = ? ORDER BY seq LIMIT ${CHILDREN}`)
  }

  /** What is claimed now, by owner, the longest running first. */
  running(): Map<number, JobLine[]> {
    const owners = new Map<number, JobLine[]>()
    for (const { owner, ...line } of this.#running.all() as (JobLine & { owner: number })[]) {
      const lines = owners.get(owner)
      if (lines) lines.push(line)
      else owners.set(owner, [line])
    }
    for (const lines of owners.values()) lines.sort((a, b) => (a.startedAt ?? 0) - (b.startedAt ?? 0))
    return owners
  }

  children(id: string): JobLine[] {
    return this.#children.all(id) as JobLine[]
  }
}
