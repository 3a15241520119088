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
