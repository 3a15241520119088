import { HOLDS_PLACE } from '../jobs/admission.ts'
import { BLOCKED } from '../jobs/state-terms.ts'

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

-- Without an index by time: a start costs one row and nothing else. What no longer counts is found by a walk.
CREATE TABLE celeriac_starts (
  bucket TEXT NOT NULL,
  at     INTEGER NOT NULL,
  starts INTEGER NOT NULL,
  ends   INTEGER NOT NULL,
  PRIMARY KEY (bucket, at)
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
