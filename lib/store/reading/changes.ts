import type { State } from '../../domain/states.ts'
import { readWireError } from '../../wire/error-codec.ts'
import type { Change, ChangeCursor, Changes, JobLine } from '../../wire/reading.ts'
import type { Connection, Statement } from '../driver.ts'
import { TIMED, unclaimed } from '../jobs/state-terms.ts'

/** Most jobs watched from one look to the next, of each kind: what runs, what is next in its line, what is next by time. */
const WATCHED = 500
/** Of one line, the next this many. */
const WATCHED_OF_LINE = 100
/** Most new jobs told of in one look. */
const NEW = 500

interface Row extends JobLine {
  seq: number
  schedule: string | null
  error: string | null
}

const ROW = `SELECT seq, id, task, queue, state, attempt, enqueued_at AS enqueuedAt, started_at AS startedAt,
    finished_at AS finishedAt, schedule, error FROM celeriac_jobs_now`

const ENDINGS: Partial<Record<State, string>> = {
  SUCCESS: 'task-succeeded',
  FAILURE: 'task-failed',
  REVOKED: 'task-revoked',
  EXPIRED: 'task-expired',
  RETRY: 'task-retried',
}

/** What a look at the processes found. */
export interface LiveProcess {
  id: number
  key: string
  pid: number
}

/**
 * Tells what happened between two looks, without an index of its own that every job would pay for: it remembers the
 * jobs that run and those that are next, and looks what became of them.
 */
export class ChangeFeed {
  readonly #bySeq: Statement
  readonly #added: Statement
  readonly #latest: Statement
  readonly #running: Statement
  readonly #timed: Statement
  readonly #head: Statement

  constructor(db: Connection) {
    this.#bySeq = db.prepare(`${ROW} WHERE seq = ?`)
    this.#added = db.prepare(`${ROW} WHERE seq > ? ORDER BY seq DESC LIMIT ${NEW}`)
    this.#latest = db.prepare('SELECT max(seq) FROM celeriac_jobs').pluck()
    this.#running = db.prepare(`SELECT seq, state, attempt FROM celeriac_jobs_now
      WHERE seq IN (SELECT seq FROM celeriac_claims) LIMIT ${WATCHED}`)
    this.#timed = db.prepare(`SELECT seq, state, attempt FROM celeriac_jobs WHERE ${TIMED}
      ORDER BY run_at LIMIT ${WATCHED}`)
    this.#head = db.prepare(`SELECT seq, state, attempt FROM celeriac_jobs
      WHERE state = 'PENDING' AND queue = ? AND task = ? AND ${unclaimed()} ORDER BY rank, seq LIMIT ${WATCHED_OF_LINE}`)
  }

  /**
   * @param cursor null for a first look, which tells of nothing
   * @param lines queues and tasks where jobs wait
   * @param ended jobs that have ended so far
   */
  since(
    cursor: ChangeCursor | null,
    lines: [queue: string, task: string][],
    processes: LiveProcess[],
    ended: number,
    now: number,
  ): Changes {
    const changes: Change[] = []
    let told = 0
    const tell = (row: Row, was: State | null, attempt: number): void => {
      if (row.state === was && row.attempt === attempt) return
      if (row.startedAt !== null && row.attempt > attempt)
        changes.push({ ...jobOf(row), event: 'task-started', at: row.startedAt })
      const event = ENDINGS[row.state]
      if (!event) return
      if (row.state !== 'RETRY') told++
      changes.push({
        ...jobOf(row),
        event,
        at: row.finishedAt ?? now,
        ...(row.error !== null && row.state !== 'SUCCESS' && { error: messageOf(row.error) }),
      })
    }
    let added: Row[] = []
    if (cursor) {
      for (const [seq, state, attempt] of cursor.jobs) {
        const row = this.#bySeq.get(seq) as Row | undefined
        if (row) tell(row, state, attempt)
      }
      added = (this.#added.all(cursor.seq) as Row[]).reverse()
      for (const row of added) {
        changes.push({ ...jobOf(row), event: 'task-sent', at: row.enqueuedAt })
        tell(row, null, 0)
      }
      tellOfProcesses(cursor.processes, processes, changes, now)
    }
    changes.sort((a, b) => a.at - b.at)
    return {
      changes,
      skipped: cursor ? Math.max(0, ended - cursor.ended - told) : 0,
      cursor: {
        seq: Math.max(cursor?.seq ?? 0, (this.#latest.get() as number | null) ?? 0),
        ended,
        jobs: this.#watch(lines),
        processes: processes.map(({ id, key, pid }) => [id, key, pid]),
      },
    }
  }

  #watch(lines: [queue: string, task: string][]): ChangeCursor['jobs'] {
    const rows = [...(this.#running.all() as Row[]), ...(this.#timed.all() as Row[])]
    for (const [queue, task] of lines.slice(0, WATCHED / WATCHED_OF_LINE))
      rows.push(...(this.#head.all(queue, task) as Row[]))
    return rows.map(({ seq, state, attempt }) => [seq, state, attempt])
  }
}

function tellOfProcesses(before: ChangeCursor['processes'], now: LiveProcess[], changes: Change[], at: number): void {
  const known = new Set(before.map(([id]) => id))
  const live = new Set(now.map(({ id }) => id))
  for (const { id, key, pid } of now) if (!known.has(id)) changes.push({ event: 'worker-online', at, key, pid })
  for (const [id, key, pid] of before) if (!live.has(id)) changes.push({ event: 'worker-offline', at, key, pid })
}

function jobOf({ id, task, queue, attempt, schedule }: Row): Omit<Change, 'event' | 'at'> {
  return { id, task, queue, attempt, ...(schedule !== null && { schedule }) }
}

function messageOf(error: string): string {
  return readWireError(error).message
}
