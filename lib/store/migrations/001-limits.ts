import { HOLDS_PLACE } from '../jobs/admission.ts'

/**
 * Who holds a place of a key and who waits for one; and what somebody ordered for a queue or a task while the app runs.
 * Jobs without a key are in none of these indexes.
 */
export const createLimits = `
CREATE TABLE celeriac_controls (
  kind      TEXT NOT NULL,
  name      TEXT NOT NULL,
  paused_at INTEGER,
  PRIMARY KEY (kind, name)
) STRICT, WITHOUT ROWID;

CREATE INDEX celeriac_jobs_places  ON celeriac_jobs (concurrency_key) WHERE concurrency_key IS NOT NULL AND ${HOLDS_PLACE};
CREATE INDEX celeriac_jobs_blocked ON celeriac_jobs (blocked_on, rank, seq) WHERE blocked_on IS NOT NULL AND state = 'BLOCKED';
`
