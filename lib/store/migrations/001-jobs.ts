import { HOLDS_PLACE } from '../jobs/admission.ts'
import { BLOCKED, claimed, ENDED_BADLY, NOT_BEGUN, stateOf, TIMED, UNFINISHED } from '../jobs/state-terms.ts'

const ofClaim = (column: string): string => `(SELECT c.${column} FROM celeriac_claims c WHERE c.seq = j.seq)`

/** The first schema. Indexes are partial and cover only what is unfinished, so finished rows cost a claim nothing. */
export const createJobs = `
CREATE TABLE celeriac_meta (
  key   TEXT PRIMARY KEY,
  value ANY NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE celeriac_jobs (
  seq           INTEGER PRIMARY KEY,
  id            TEXT NOT NULL UNIQUE,
  task          TEXT NOT NULL,
  queue         TEXT NOT NULL,
  state         TEXT NOT NULL,
  priority      INTEGER NOT NULL,
  rank          INTEGER NOT NULL,
  enqueued_at   INTEGER NOT NULL,
  run_at        INTEGER,
  expires_at    INTEGER,
  attempt       INTEGER NOT NULL DEFAULT 0,
  max_attempts  INTEGER NOT NULL DEFAULT 1,
  crashes       INTEGER NOT NULL DEFAULT 0,
  owner         INTEGER,
  token         INTEGER,
  thread        INTEGER,
  started_at    INTEGER,
  finished_at   INTEGER,
  parent_id     TEXT,
  root_id       TEXT,
  schedule      TEXT,
  scheduled_for INTEGER,
  codec         TEXT NOT NULL,
  options       TEXT,
  progress      TEXT,
  revoke_reason TEXT,
  revoke_asked  INTEGER,
  forgotten     INTEGER NOT NULL DEFAULT 0,
  error         TEXT,
  unique_key    TEXT,
  unique_until  TEXT,
  concurrency_key   TEXT,
  concurrency_limit INTEGER,
  rate_key      TEXT,
  blocked_on    TEXT,
  args          ANY NOT NULL,
  result        ANY
) STRICT;

CREATE INDEX celeriac_jobs_ready    ON celeriac_jobs (queue, task, rank) WHERE state = 'PENDING';
CREATE INDEX celeriac_jobs_due      ON celeriac_jobs (run_at, state) WHERE ${TIMED};
CREATE INDEX celeriac_jobs_expiring ON celeriac_jobs (expires_at)
  WHERE expires_at IS NOT NULL AND attempt = 0 AND ${NOT_BEGUN};
CREATE INDEX celeriac_jobs_revoking ON celeriac_jobs (seq) WHERE revoke_asked IS NOT NULL AND state = 'PENDING';
CREATE INDEX celeriac_jobs_schedule ON celeriac_jobs (schedule)
  WHERE schedule IS NOT NULL AND ${UNFINISHED};

-- Who runs which job. A process claims a job by adding a row, and the settling of its attempt takes the row away; only then
-- is the job's own row written. Under the rate of a key the row also is the job's place of it, until it is known when it began.
CREATE TABLE celeriac_claims (
  seq        INTEGER PRIMARY KEY,
  owner      INTEGER NOT NULL,
  token      INTEGER NOT NULL,
  started_at INTEGER NOT NULL,
  rate_key   TEXT,
  rate_per   INTEGER
) STRICT;
CREATE INDEX celeriac_claims_rates ON celeriac_claims (rate_key, started_at) WHERE rate_key IS NOT NULL;

-- Jobs with what their claims add.
CREATE VIEW celeriac_jobs_now AS SELECT
  j.seq, j.id, j.task, j.queue, ${stateOf('j.')} AS state,
  j.priority, j.rank, j.enqueued_at, j.run_at, j.expires_at,
  j.attempt + ${claimed('j.')} AS attempt, j.max_attempts, j.crashes,
  CASE WHEN ${claimed('j.')} THEN ${ofClaim('owner')} ELSE j.owner END AS owner,
  CASE WHEN ${claimed('j.')} THEN ${ofClaim('token')} ELSE j.token END AS token,
  CASE WHEN ${claimed('j.')} THEN NULL ELSE j.thread END AS thread,
  CASE WHEN ${claimed('j.')} THEN ${ofClaim('started_at')} ELSE j.started_at END AS started_at,
  j.finished_at, j.parent_id, j.root_id, j.schedule, j.scheduled_for, j.codec, j.options, j.progress, j.revoke_reason,
  j.revoke_asked, j.forgotten, j.error, j.unique_key, j.unique_until, j.concurrency_key, j.concurrency_limit, j.rate_key, j.blocked_on, j.args, j.result
FROM celeriac_jobs j;

CREATE TABLE celeriac_attempts (
  job        INTEGER NOT NULL,
  number     INTEGER NOT NULL,
  outcome    TEXT NOT NULL,
  started_at INTEGER,
  ended_at   INTEGER NOT NULL,
  owner      INTEGER,
  thread     INTEGER,
  error      TEXT,
  PRIMARY KEY (job, number, ended_at)
) STRICT, WITHOUT ROWID;

-- The id tells job, attempt and part, so that a row goes into one tree, at its end.
CREATE TABLE celeriac_logs (
  id    INTEGER PRIMARY KEY,
  lines TEXT NOT NULL,
  job   INTEGER GENERATED ALWAYS AS (id >> 22) VIRTUAL
) STRICT;

CREATE TABLE celeriac_processes (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  key         TEXT NOT NULL UNIQUE,
  app         TEXT NOT NULL,
  host        TEXT NOT NULL,
  pid         INTEGER NOT NULL,
  role        TEXT NOT NULL,
  threads     INTEGER NOT NULL,
  started_at  INTEGER NOT NULL,
  beat        INTEGER NOT NULL DEFAULT 0,
  beat_at     INTEGER NOT NULL,
  tasks       TEXT NOT NULL,
  vitals      TEXT NOT NULL
) STRICT;

-- What stays of a process when its row goes, for the jobs and attempts that name it as their owner.
CREATE TABLE celeriac_owners (
  id         INTEGER PRIMARY KEY,
  key        TEXT NOT NULL,
  app        TEXT NOT NULL,
  host       TEXT NOT NULL,
  pid        INTEGER NOT NULL,
  started_at INTEGER NOT NULL
) STRICT;
`

/**
 * What searching needs beside the walk over the newest jobs: indexes of what is rare, so that a plain job that succeeds
 * is in none of them and pays for none.
 */
export const createSearch = `
CREATE INDEX celeriac_jobs_by_ending   ON celeriac_jobs (state) WHERE ${ENDED_BADLY};
CREATE INDEX celeriac_jobs_by_parent   ON celeriac_jobs (parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX celeriac_jobs_by_root     ON celeriac_jobs (root_id) WHERE root_id IS NOT NULL;
CREATE INDEX celeriac_jobs_by_schedule ON celeriac_jobs (schedule) WHERE schedule IS NOT NULL;
CREATE INDEX celeriac_jobs_by_error    ON celeriac_jobs (seq) WHERE error IS NOT NULL;
CREATE INDEX celeriac_jobs_by_options  ON celeriac_jobs (seq) WHERE options IS NOT NULL;
`

/**
 * One job of a key at a time, over all processes: the index holds a key as long as its job does, so a statement that starts or
 * ends a job gives the key up by that alone. For a
 * key that is free once its job begins, the claim writes `started_at` into the row. It is never taken back, so a job whose key is free once it began cannot
 * come back for it when it is retried. Windows are rows of their own, for they outlive the job.
 */
export const createUnique = `
CREATE UNIQUE INDEX celeriac_jobs_unique ON celeriac_jobs (unique_key, task)
  WHERE unique_key IS NOT NULL AND ${UNFINISHED}
    AND (started_at IS NULL OR unique_until = 'finished');

CREATE TABLE celeriac_unique_windows (
  task        TEXT NOT NULL,
  key         TEXT NOT NULL,
  job         TEXT NOT NULL,
  enqueued_at INTEGER NOT NULL,
  until       INTEGER NOT NULL,
  PRIMARY KEY (task, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX celeriac_unique_windows_until ON celeriac_unique_windows (until);
`

/**
 * Who holds a place of a key and who waits for one; what somebody ordered for a queue or a task while the app runs; and the
 * starts that count against a rate. Jobs without a key are in none of these indexes.
 */
export const createLimits = `
CREATE TABLE celeriac_controls (
  kind      TEXT NOT NULL,
  name      TEXT NOT NULL,
  paused_at INTEGER,
  rate      TEXT,
  until     INTEGER,
  wait      INTEGER,
  PRIMARY KEY (kind, name)
) STRICT, WITHOUT ROWID;

CREATE INDEX celeriac_jobs_places  ON celeriac_jobs (concurrency_key) WHERE concurrency_key IS NOT NULL AND ${HOLDS_PLACE};
CREATE INDEX celeriac_jobs_blocked ON celeriac_jobs (blocked_on, rank) WHERE ${BLOCKED};

-- Begins, and with the process as owner what it has claimed under the rate of a queue or task and may begin any moment: that
-- counts until it says when it began.
-- Without an index by time: a begin costs one row and nothing else. What no longer counts is found by a walk.
CREATE TABLE celeriac_starts (
  bucket TEXT NOT NULL,
  at     INTEGER NOT NULL,
  owner  INTEGER NOT NULL DEFAULT 0,
  starts INTEGER NOT NULL,
  per    INTEGER NOT NULL,
  PRIMARY KEY (bucket, at, owner)
) STRICT, WITHOUT ROWID;

CREATE TABLE celeriac_buckets (
  bucket  TEXT PRIMARY KEY,
  most    INTEGER NOT NULL,
  per     INTEGER NOT NULL,
  until   INTEGER,
  wait    INTEGER,
  wake_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX celeriac_buckets_wake ON celeriac_buckets (wake_at) WHERE wake_at IS NOT NULL;
`
