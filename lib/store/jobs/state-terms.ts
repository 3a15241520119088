/**
 * Groups of states, as the indexes and the statements that they serve both write them: SQLite takes a partial index only
 * for a statement that has its condition word for word.
 *
 * Not `state IN (…)`: from three values on SQLite builds a table of them each time it asks whether a row belongs in the
 * index, which made every update of a job five times as dear.
 */
import type { State } from '../../domain/states.ts'

const oneOf = (...states: State[]): string => `(${states.map((state) => `state = '${state}'`).join(' OR ')})`

export const NOT_BEGUN = oneOf('PENDING', 'SCHEDULED', 'BLOCKED')
export const WAITING = oneOf('SCHEDULED', 'PENDING', 'BLOCKED', 'RETRY')
export const UNFINISHED = oneOf('SCHEDULED', 'PENDING', 'BLOCKED', 'STARTED', 'RETRY')
export const ENDED_BADLY = oneOf('FAILURE', 'REVOKED', 'EXPIRED')
