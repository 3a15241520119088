import { constants, copyFileSync, existsSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import Database from 'better-sqlite3'
import { Store } from '../../lib/store/store.ts'
import { COUNTED } from '../../lib/store/tally.ts'
import type { Trial, TrialEnv } from '../case.ts'

const TASKS = 40
const QUEUES = 6
const MINUTE = 60_000
const DAY = 86_400_000
/** Of so many jobs one failed, and one was revoked. */
const FAILS = 40
const REVOKED = 200
/** Jobs inserted by one statement. */
const CHUNK = 100_000
const WAITING = 400
const COLUMNS = COUNTED.join(', ')

/** As the engine writes one: a stack of twenty lines and a cause. */
const ERROR = JSON.stringify({
  name: 'ConnectionError',
  message: 'no answer from mail.example.org:587 within 30 s',
  code: 'ETIMEDOUT',
  stack: Array.from({ length: 20 }, (_, i) => `    at deliver${i} (file:///srv/shop/lib/mail/deliver.js:${i}:17)`).join(
    '\n',
  ),
  cause: { name: 'Error', message: 'connect ETIMEDOUT 192.0.2.25:587', code: 'ETIMEDOUT' },
})

/**
 * A file as one finds it after two busy days: `jobs` finished ones of forty tasks in six queues, of which one in forty failed,
 * statistics by the minute for two days and by the day for a year, and some jobs that wait. Written by SQL alone.
 */
export function makeHistory(path: string, jobs: number, now = Date.now()): void {
  new Store(path, 'normal').close()
  const db = new Database(path)
  db.pragma('synchronous = OFF')
  db.pragma('cache_size = -200000')
  const insert = db.prepare(`
    WITH RECURSIVE n (i) AS (SELECT CAST(@from AS INTEGER) UNION ALL SELECT i + 1 FROM n WHERE i + 1 < @to)
    INSERT INTO celeriac_jobs (id, task, queue, state, priority, rank, enqueued_at, run_at, attempt, max_attempts,
      started_at, finished_at, parent_id, root_id, codec, options, error, args, result)
    SELECT printf('%08x-%04x-7%03x-8%03x-%012x', (at / 65536) & 4294967295, at & 65535, i % 4096, (i * 7919) % 4096, i),
      'task_' || (i * 7 % ${TASKS}), 'queue_' || (i % ${QUEUES}),
      CASE WHEN failed THEN 'FAILURE' WHEN i % ${REVOKED} = 7 THEN 'REVOKED' ELSE 'SUCCESS' END,
      0, at, at, NULL, 1, CASE WHEN failed THEN 4 ELSE 1 END, at + 12, at + 12 + i % 400, NULL, NULL, 'json',
      CASE WHEN i % 50 = 3 THEN '{"tags":["customer-' || (i % 997) || '"]}' END,
      CASE WHEN failed THEN @error END,
      '[' || i || ',{"to":"somebody' || (i % 5000) || '@example.org","template":"welcome"}]', '{"sent":true}'
    FROM (SELECT i, CAST(@begin + i * @step / 1000 AS INTEGER) AS at, i % ${FAILS} = 11 AS failed FROM n)`)
  const begin = now - 2 * DAY
  const step = Math.floor((2 * DAY * 1_000) / jobs)
  db.transaction(() => {
    for (let from = 0; from < jobs; from += CHUNK)
      insert.run({ from, to: Math.min(jobs, from + CHUNK), begin, step, error: ERROR })
  }).immediate()
  db.transaction(() => {
    db.prepare(`INSERT INTO celeriac_attempts (job, number, outcome, started_at, ended_at, error)
      SELECT seq, 1, 'failure', started_at, finished_at, error FROM celeriac_jobs WHERE error IS NOT NULL`).run()
    db.prepare(
      'INSERT INTO celeriac_counts (state, jobs) SELECT state, count(*) FROM celeriac_jobs GROUP BY state',
    ).run()
    statistics(db, 'celeriac_stats_minute', 'minute', { at: now - (now % MINUTE), step: MINUTE, rows: 2_880 })
    statistics(db, 'celeriac_stats_daily', 'day', { at: now - (now % DAY) - 2 * DAY, step: DAY, rows: 365 })
    db.exec(`INSERT INTO celeriac_stats_total (task, queue, ${COLUMNS})
      SELECT task, queue, ${COUNTED.map((name) => `sum(${name})`).join(', ')} FROM celeriac_stats_daily GROUP BY task, queue`)
    db.prepare("INSERT INTO celeriac_meta (key, value) VALUES ('folded_until', ?)").run(now - (now % MINUTE) - MINUTE)
    db.prepare(`
      WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ${WAITING})
      INSERT INTO celeriac_jobs (id, task, queue, state, priority, rank, enqueued_at, run_at, codec, args)
      SELECT 'waiting-' || i, 'task_' || (i % ${TASKS}), 'queue_' || (i % ${QUEUES}),
        CASE WHEN i % 4 = 0 THEN 'SCHEDULED' ELSE 'PENDING' END, 0, @at + i, @at + i, @at + i + 3600000, 'json', '[1]' FROM n`).run(
      { at: now - MINUTE },
    )
  }).immediate()
  db.pragma('wal_checkpoint(TRUNCATE)')
  db.close()
  if (statSync(path).size < jobs * 100) throw new Error('the history is too small')
}

/** One row for each task and step up to `at`: each task lies in one queue. */
function statistics(
  db: Database.Database,
  table: string,
  key: string,
  { at, step, rows }: { at: number; step: number; rows: number },
): void {
  const values = COUNTED.map((_, i) => (i < 8 ? `n * ${i + 1} % 900` : `(n + ${i}) % 60`)).join(', ')
  db.prepare(`
    WITH RECURSIVE n (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n + 1 < ${rows * TASKS})
    INSERT INTO ${table} (${key}, task, queue, ${COLUMNS})
    SELECT @at - (n / ${TASKS}) * @step, 'task_' || (n % ${TASKS}), 'queue_' || (n % ${TASKS} % ${QUEUES}), ${values} FROM n`).run(
    { at, step },
  )
}

/** A history of this many jobs, made once a run and kept in the run's folder for whoever asks for it. */
export function sharedHistory({ shared }: TrialEnv, jobs: number): string {
  const path = join(dirname(shared), `history-${jobs}.db`)
  if (!existsSync(path)) makeHistory(path, jobs)
  return path
}

/** Makes it before the trials, whose time it is not. */
export const preparesHistory = (jobs: (env: TrialEnv) => number): { history: Trial } => ({
  async history(env) {
    sharedHistory(env, jobs(env))
    return {}
  },
})

/** A copy of it, for a trial that changes the file. */
export function takeHistory(env: TrialEnv, jobs: number): string {
  const path = join(env.dir, 'ours.db')
  copyFileSync(sharedHistory(env, jobs), path, constants.COPYFILE_FICLONE)
  return path
}
