/**
 * What a job's row and its claim say of its state, as the indexes and the statements both write it: SQLite takes a partial
 * index only for a statement that has its condition word for word.
 *
 * A job is STARTED as long as `celeriac_claims` has a row for it. Its own row says PENDING until the attempt is over, for a
 * claim that only adds a narrow row costs a sixth of one that rewrites a wide one. `celeriac_jobs_now` shows both together;
 * a statement on `celeriac_jobs` itself that takes PENDING for waiting adds `unclaimed()`.
 *
 * Not `state IN (…)`: from three values on SQLite builds a table of them each time it asks whether a row belongs in the
 * index, which made every update of a job five times as dear.
 */
import type { State } from '../../domain/states.ts'

/** A state as a row may hold it. */
type RowState = Exclude<State, 'STARTED'>

const oneOf = (...states: RowState[]): string => `(${states.map((state) => `state = '${state}'`).join(' OR ')})`

export const NOT_BEGUN = oneOf('PENDING', 'SCHEDULED', 'BLOCKED')
/** Waiting or running. */
export const UNFINISHED = oneOf('SCHEDULED', 'PENDING', 'BLOCKED', 'RETRY')
/** Waits for a time. What is null in a plain job comes first, here and below, so that it is in few indexes after one look. */
export const TIMED = "run_at IS NOT NULL AND state IN ('SCHEDULED', 'RETRY')"
/** Waits for a key. */
export const BLOCKED = "blocked_on IS NOT NULL AND state = 'BLOCKED'"
export const ENDED_BADLY = "finished_at IS NOT NULL AND state <> 'SUCCESS'"

/** Nobody runs the job. SQLite looks this up by its key. @param job the row's alias with a dot */
export const unclaimed = (job = ''): string => `${job}seq NOT IN (SELECT seq FROM celeriac_claims)`

/** Somebody runs the job. @param job the row's alias with a dot */
export const claimed = (job = ''): string =>
  `(${job}state = 'PENDING' AND ${job}seq IN (SELECT seq FROM celeriac_claims))`

/** The job's state as everybody else sees it. @param job the row's alias with a dot */
export const stateOf = (job = ''): string => `CASE WHEN ${claimed(job)} THEN 'STARTED' ELSE ${job}state END`
