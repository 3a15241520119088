import { threadsOfClaims } from '../../wire/begun-file.ts'
import type { JobLine, RunningLine } from '../../wire/reading.ts'
import type { Connection, Statement } from '../driver.ts'

/** Most running jobs that are listed, and most children of one job. */
const RUNNING = 1_000
const CHILDREN = 100

const LINE = `id, task, queue, state, attempt, enqueued_at AS enqueuedAt, started_at AS startedAt, finished_at AS finishedAt
  FROM celeriac_jobs_now`

interface ClaimedRow extends JobLine {
  owner: number
  token: number
  worker: string | null
}

/** Jobs without their payloads. */
export class JobLines {
  readonly #path: string
  readonly #running: Statement
  readonly #children: Statement

  constructor(db: Connection) {
    this.#path = db.name
    this.#running =
      db.prepare(`SELECT owner, token, (SELECT key FROM celeriac_owners o WHERE o.id = owner) AS worker, ${LINE}
      WHERE seq IN (SELECT seq FROM celeriac_claims) LIMIT ${RUNNING}`)
    this.#children = db.prepare(`SELECT ${LINE} WHERE parent_id = ? ORDER BY seq LIMIT ${CHILDREN}`)
  }

  /** What is claimed now, by owner, the longest running first. */
  running(): Map<number, RunningLine[]> {
    const owners = new Map<number, RunningLine[]>()
    const threads = threadsOfClaims(this.#path)
    for (const { owner, token, worker, ...line } of this.#running.all() as ClaimedRow[]) {
      const running = { ...line, thread: worker === null ? null : threads(worker, token) }
      const lines = owners.get(owner)
      if (lines) lines.push(running)
      else owners.set(owner, [running])
    }
    for (const lines of owners.values()) lines.sort((a, b) => (a.startedAt ?? 0) - (b.startedAt ?? 0))
    return owners
  }

  children(id: string): JobLine[] {
    return this.#children.all(id) as JobLine[]
  }
}
