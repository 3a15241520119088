import { FINAL_STATES } from '../../domain/states.ts'
import type { Connection } from '../driver.ts'
import { PresenceProbe } from '../presence.ts'
import { Processes } from '../processes.ts'
import { Schedules } from '../schedules.ts'
import type { Findings } from './findings.ts'

/** A slot that is overdue by this much, in ms, is fired by nobody. */
const OVERDUE = 120_000
const FINAL = FINAL_STATES.map((state) => `'${state}'`).join(', ')
const START_APP = 'start the app: it takes them over'

/** Examines what the tables hold. Reads every row once. */
export function examineRows(
  db: Connection,
  path: string,
  tasks: readonly string[] | null,
  now: number,
  found: Findings,
): void {
  const alive = examineProcesses(db, path, found)
  const handled = new Set(tasks ?? alive.flatMap((row) => row.tasks))
  examineTasks(db, handled, tasks !== null || alive.length > 0, found)
  examineOrphans(db, new Set(alive.map(({ id }) => id)), found)
  examineCounters(db, found)
  examineSchedules(
    db,
    alive.some(({ role }) => role === 'all' || role === 'beat'),
    now,
    found,
  )
}

function examineProcesses(db: Connection, path: string, found: Findings): ReturnType<Processes['all']> {
  const rows = new Processes(db).all()
  const alive = rows.filter(({ key }) => {
    const probe = new PresenceProbe(path, key)
    try {
      return probe.alive()
    } finally {
      probe.close()
    }
  })
  const dead = rows.length - alive.length
  if (dead > 0)
    found.warn(
      'processes',
      `processes that ended without signing off: ${dead}; their jobs wait to be taken over`,
      START_APP,
    )
  found.ok('processes', `live processes on the file: ${alive.length}`)
  return alive
}

function examineTasks(db: Connection, handled: ReadonlySet<string>, known: boolean, found: Findings): void {
  if (!known) return
  const rows = db
    .prepare(`SELECT task, count(*) AS jobs FROM celeriac_jobs WHERE state NOT IN (${FINAL}) GROUP BY task`)
    .all() as { task: string; jobs: number }[]
  const lost = rows.filter(({ task }) => !handled.has(task))
  for (const { task, jobs } of lost)
    found.warn(
      'tasks',
      `${jobs} jobs wait for a task "${task}" that nobody declares`,
      `declare "${task}" in a module of "tasks", or revoke them`,
    )
  if (lost.length === 0) found.ok('tasks', 'every waiting job has a handler')
}

function examineOrphans(db: Connection, live: ReadonlySet<number>, found: Findings): void {
  const idle = db
    .prepare(`SELECT count(*) FROM celeriac_claims
      WHERE seq NOT IN (SELECT seq FROM celeriac_jobs WHERE state = 'PENDING')`)
    .pluck()
    .get() as number
  if (idle > 0)
    found.warn(
      'orphans',
      `${idle} claims are of jobs that have ended or are not there`,
      "DELETE FROM celeriac_claims WHERE seq NOT IN (SELECT seq FROM celeriac_jobs WHERE state = 'PENDING')",
    )
  const owners = db.prepare('SELECT owner, count(*) AS jobs FROM celeriac_claims GROUP BY owner').all() as {
    owner: number
    jobs: number
  }[]
  const stray = owners.filter(({ owner }) => !live.has(owner)).reduce((sum, { jobs }) => sum + jobs, 0)
  if (stray > 0) found.warn('orphans', `${stray} jobs are held by processes that do not live`, START_APP)
  for (const table of ['celeriac_attempts', 'celeriac_logs']) {
    const rows = db
      .prepare(`SELECT count(*) FROM ${table} t WHERE NOT EXISTS (SELECT 1 FROM celeriac_jobs j WHERE j.seq = t.job)`)
      .pluck()
      .get() as number
    if (rows > 0)
      found.warn(
        'orphans',
        `${rows} rows of ${table} belong to no job`,
        `DELETE FROM ${table} WHERE job NOT IN (SELECT seq FROM celeriac_jobs)`,
      )
  }
}

function examineCounters(db: Connection, found: Findings): void {
  const wrong = db
    .prepare(`SELECT coalesce(r.state, c.state) AS state, coalesce(r.jobs, 0) AS jobs, coalesce(c.jobs, 0) AS counted
      FROM (SELECT state, count(*) AS jobs FROM celeriac_jobs WHERE state IN (${FINAL}) GROUP BY state) r
      FULL JOIN celeriac_counts c ON c.state = r.state WHERE coalesce(r.jobs, 0) <> coalesce(c.jobs, 0)`)
    .all() as { state: string; jobs: number; counted: number }[]
  for (const { state, jobs, counted } of wrong)
    found.error(
      'counters',
      `${jobs} jobs are ${state} and ${counted} are counted: somebody else wrote to the tables`,
      `UPDATE celeriac_counts SET jobs = (SELECT count(*) FROM celeriac_jobs WHERE state = '${state}') WHERE state = '${state}'`,
    )
  if (wrong.length === 0) found.ok('counters', 'the counters agree with the rows')
}

function examineSchedules(db: Connection, beats: boolean, now: number, found: Findings): void {
  const rows = new Schedules(db).all()
  for (const { name, error, nextSlot, paused } of rows) {
    if (error !== null)
      found.error(
        'schedules',
        `schedule "${name}" does not fire: ${(JSON.parse(error) as { message: string }).message}`,
        'set it anew with app.schedules.set()',
      )
    else if (beats && paused === 0 && nextSlot !== null && nextSlot < now - OVERDUE)
      found.warn(
        'schedules',
        `schedule "${name}" is ${Math.round((now - nextSlot) / 1_000)} s late`,
        'see that the process that fires schedules is not suspended',
      )
  }
  if (rows.length > 0 && !beats)
    found.warn(
      'schedules',
      `no live process fires the ${rows.length} schedules`,
      "start the app with role 'all' or 'beat'",
    )
  else found.ok('schedules', `schedules: ${rows.length}`)
}
