import { stateOf } from '../jobs/state-terms.ts'

/**
 * Schedules, and what became of each of their slots. `next_slot` is nominal, `fire_at` the same with the jitter; both are
 * null when nothing more is to come. `aimed_at` is when they were computed: a time ahead of now means the clock was set back.
 */
export const createSchedules = `
CREATE TABLE celeriac_schedules (
  name         TEXT PRIMARY KEY,
  spec         TEXT NOT NULL,
  rules        TEXT,
  misfire      TEXT NOT NULL,
  overlap      TEXT NOT NULL,
  job          TEXT NOT NULL,
  args         ANY NOT NULL,
  declared     INTEGER NOT NULL,
  declared_by  TEXT NOT NULL,
  declaration  TEXT,
  edited       INTEGER NOT NULL DEFAULT 0,
  disabled     INTEGER NOT NULL DEFAULT 0,
  paused       INTEGER NOT NULL DEFAULT 0,
  next_slot    INTEGER,
  fire_at      INTEGER,
  last_slot    INTEGER,
  queued_slot  INTEGER,
  runs         INTEGER NOT NULL DEFAULT 0,
  missed       INTEGER NOT NULL DEFAULT 0,
  last_success INTEGER,
  error        TEXT,
  aimed_at     INTEGER NOT NULL,
  created_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX celeriac_schedules_next   ON celeriac_schedules (fire_at) WHERE fire_at IS NOT NULL AND paused = 0;
CREATE INDEX celeriac_schedules_queued ON celeriac_schedules (queued_slot)
  WHERE queued_slot IS NOT NULL AND paused = 0 AND disabled = 0;

CREATE TABLE celeriac_slots (
  schedule TEXT NOT NULL,
  slot     INTEGER NOT NULL,
  outcome  TEXT NOT NULL,
  job_id   TEXT,
  named    INTEGER,
  until    INTEGER,
  slots    INTEGER NOT NULL DEFAULT 1,
  noted_at INTEGER NOT NULL,
  PRIMARY KEY (schedule, slot)
) STRICT, WITHOUT ROWID;
CREATE INDEX celeriac_slots_waiting ON celeriac_slots (schedule, slot) WHERE outcome = 'waiting';
CREATE INDEX celeriac_slots_age     ON celeriac_slots (noted_at);
`

/**
 * What was counted in the transactions that ended jobs. `r0`–`r17` and `w0`–`w17` count run and wait times by the
 * buckets of domain/histogram.ts. Minutes that are over are
 * folded into days and totals, which outlive the jobs; they are kept two days more.
 */
const BUCKETS = Array.from({ length: 18 }, (_, i) => i)
const COUNTED = [
  ...['success', 'failure', 'revoked', 'expired', 'retries', 'crashes', 'run_ms', 'wait_ms'],
  ...BUCKETS.map((i) => `r${i}`),
  ...BUCKETS.map((i) => `w${i}`),
]
  .map((name) => `  ${name} INTEGER NOT NULL DEFAULT 0,`)
  .join('\n')

export const createStats = `
CREATE TABLE celeriac_counts (
  state TEXT PRIMARY KEY,
  jobs  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE celeriac_stats_minute (
  minute INTEGER NOT NULL,
  task   TEXT NOT NULL,
  queue  TEXT NOT NULL,
${COUNTED}
  PRIMARY KEY (minute, task, queue)
) STRICT, WITHOUT ROWID;

CREATE TABLE celeriac_stats_daily (
  day    INTEGER NOT NULL,
  task   TEXT NOT NULL,
  queue  TEXT NOT NULL,
${COUNTED}
  PRIMARY KEY (day, task, queue)
) STRICT, WITHOUT ROWID;

CREATE TABLE celeriac_stats_total (
  task   TEXT NOT NULL,
  queue  TEXT NOT NULL,
${COUNTED}
  PRIMARY KEY (task, queue)
) STRICT, WITHOUT ROWID;
`

/** Who changed what by hand, through a dashboard or another tool. */
export const createAudit = `
CREATE TABLE celeriac_audit (
  seq     INTEGER PRIMARY KEY,
  at      INTEGER NOT NULL,
  user    TEXT NOT NULL,
  action  TEXT NOT NULL,
  target  TEXT NOT NULL,
  outcome TEXT
) STRICT;
`

/** Orders from one process to another: a row each, answered in place, removed by whoever asked or as too old by the next who asks. */
export const createCommands = `
CREATE TABLE celeriac_commands (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  process     INTEGER NOT NULL,
  verb        TEXT NOT NULL,
  args        TEXT NOT NULL,
  asked_at    INTEGER NOT NULL,
  answered_at INTEGER,
  answer      TEXT,
  error       TEXT
) STRICT;
CREATE INDEX celeriac_commands_open ON celeriac_commands (process) WHERE answered_at IS NULL;
`

/** A field of what is JSON, unless somebody damaged it. */
const field = (column: string, path: string): string => `iif(json_valid(${column}), ${column} ->> '${path}', NULL)`

/**
 * Views for people and tools that read the file by SQL. Their columns stay what they are across versions; the tables
 * behind them do not. Times are UTC in ISO 8601, durations in milliseconds.
 */
const moment = (column: string, name: string): string =>
  `strftime('%Y-%m-%dT%H:%M:%fZ', ${column} / 1000.0, 'unixepoch') AS ${name}`

export const createViews = `
CREATE VIEW celeriac_v_tasks AS SELECT
  j.id, j.task, j.queue, j.state, j.priority, j.attempt, j.max_attempts, j.crashes,
  ${moment('j.enqueued_at', 'enqueued_at')},
  ${moment('j.run_at', 'eta')},
  ${moment('j.expires_at', 'expires_at')},
  ${moment('j.started_at', 'started_at')},
  ${moment('j.finished_at', 'finished_at')},
  CASE WHEN j.state IN ('SUCCESS', 'FAILURE') THEN j.finished_at - j.started_at END AS duration_ms,
  j.parent_id, coalesce(j.root_id, j.id) AS root_id, j.schedule,
  ${moment('j.scheduled_for', 'scheduled_for')},
  ${field('j.options', '$.tags')} AS tags, j.revoke_reason,
  ${field('j.error', '$.name')} AS error_name, ${field('j.error', '$.message')} AS error_message,
  CASE j.codec WHEN 'json' THEN j.args END AS args,
  CASE j.codec WHEN 'json' THEN j.result END AS result
FROM celeriac_jobs_now j;

CREATE VIEW celeriac_v_attempts AS SELECT
  j.id AS task_id, j.task, a.number, a.outcome,
  ${moment('a.started_at', 'started_at')},
  ${moment('a.ended_at', 'ended_at')},
  (SELECT o.key FROM celeriac_owners o WHERE o.id = a.owner) AS worker, a.thread,
  ${field('a.error', '$.name')} AS error_name, ${field('a.error', '$.message')} AS error_message
FROM celeriac_attempts a JOIN celeriac_jobs j ON j.seq = a.job
UNION ALL SELECT
  j.id, j.task, j.attempt, CASE j.state WHEN 'SUCCESS' THEN 'success' ELSE 'running' END,
  ${moment('j.started_at', 'started_at')},
  ${moment('j.finished_at', 'ended_at')},
  (SELECT o.key FROM celeriac_owners o WHERE o.id = j.owner), j.thread,
  NULL, NULL
FROM celeriac_jobs_now j WHERE j.state IN ('SUCCESS', 'STARTED');

CREATE VIEW celeriac_v_schedule_slots AS SELECT
  s.schedule, ${moment('s.slot', 'slot')}, s.outcome, s.job_id AS task_id, ${stateOf('j.')} AS task_state
FROM celeriac_slots s LEFT JOIN celeriac_jobs j ON j.id = s.job_id;

CREATE VIEW celeriac_v_daily_stats AS SELECT
  date(day / 1000, 'unixepoch') AS day, task, queue,
  sum(success) AS success, sum(failure) AS failure, sum(revoked) AS revoked, sum(expired) AS expired,
  sum(retries) AS retries, sum(crashes) AS crashes, sum(run_ms) AS run_ms, sum(wait_ms) AS wait_ms
FROM (
  SELECT day, task, queue, success, failure, revoked, expired, retries, crashes, run_ms, wait_ms
  FROM celeriac_stats_daily
  UNION ALL
  SELECT minute - minute % 86400000, task, queue, success, failure, revoked, expired, retries, crashes, run_ms, wait_ms
  FROM celeriac_stats_minute
  WHERE minute >= coalesce((SELECT value FROM celeriac_meta WHERE key = 'folded_until'), 0)
) GROUP BY day, task, queue;
`
