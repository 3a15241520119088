import { UNFINISHED } from '../jobs/state-terms.ts'

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
