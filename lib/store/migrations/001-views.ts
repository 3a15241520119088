import { stateOf } from '../jobs/state-terms.ts'

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
  j.options ->> '$.tags' AS tags, j.revoke_reason,
  j.error ->> '$.name' AS error_name, j.error ->> '$.message' AS error_message,
  CASE j.codec WHEN 'json' THEN j.args END AS args,
  CASE j.codec WHEN 'json' THEN j.result END AS result
FROM celeriac_jobs_now j;

CREATE VIEW celeriac_v_attempts AS SELECT
  j.id AS task_id, j.task, a.number, a.outcome,
  ${moment('a.started_at', 'started_at')},
  ${moment('a.ended_at', 'ended_at')},
  a.error ->> '$.name' AS error_name, a.error ->> '$.message' AS error_message
FROM celeriac_attempts a JOIN celeriac_jobs j ON j.seq = a.job
UNION ALL SELECT
  j.id, j.task, j.attempt, CASE j.state WHEN 'SUCCESS' THEN 'success' ELSE 'running' END,
  ${moment('j.started_at', 'started_at')},
  ${moment('j.finished_at', 'ended_at')},
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
