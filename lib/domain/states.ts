/**
 * The life of a job, written once. SQL guards, the table in the documentation and the exhaustive test derive from
 * `TRANSITIONS`.
 */
export const STATES = [
  'SCHEDULED',
  'PENDING',
  'BLOCKED',
  'STARTED',
  'RETRY',
  'SUCCESS',
  'FAILURE',
  'REVOKED',
  'EXPIRED',
] as const

export type State = (typeof STATES)[number]

/** States that never change again, except by an explicit `retry()`. */
export const FINAL_STATES = ['SUCCESS', 'FAILURE', 'REVOKED', 'EXPIRED'] as const satisfies readonly State[]

/** States in which nothing of the job is running. */
export const WAITING_STATES = ['SCHEDULED', 'PENDING', 'BLOCKED', 'RETRY'] as const satisfies readonly State[]

export interface Transition {
  /** What happened. */
  readonly event: string
  /** State before; `null` for a job that is not stored yet. */
  readonly from: State | null
  readonly to: State
  /** Whether the write must also match the claim's owner and token. */
  readonly fenced: boolean
}

const arrows = (event: string, from: readonly (State | null)[], to: readonly State[], fenced = false): Transition[] =>
  from.flatMap((f) => to.map((t) => ({ event, from: f, to: t, fenced })))

export const TRANSITIONS: readonly Transition[] = Object.freeze([
  ...arrows('enqueue', [null], ['PENDING', 'SCHEDULED', 'BLOCKED', 'REVOKED']),
  ...arrows('release', ['BLOCKED'], ['PENDING', 'SCHEDULED']),
  ...arrows('due', ['SCHEDULED', 'RETRY'], ['PENDING', 'BLOCKED']),
  ...arrows('due', ['SCHEDULED'], ['REVOKED']),
  ...arrows('park', ['PENDING'], ['BLOCKED']),
  ...arrows('claim', ['PENDING'], ['STARTED']),
  ...arrows('succeed', ['STARTED'], ['SUCCESS'], true),
  ...arrows('fail', ['STARTED'], ['FAILURE'], true),
  ...arrows('retry', ['STARTED'], ['RETRY'], true),
  ...arrows('snooze', ['STARTED'], ['SCHEDULED'], true),
  ...arrows('give-back', ['STARTED'], ['PENDING'], true),
  ...arrows('crash', ['STARTED'], ['PENDING', 'FAILURE'], true),
  ...arrows('revoke', WAITING_STATES, ['REVOKED']),
  ...arrows('revoke', ['STARTED'], ['REVOKED'], true),
  // Only before the first attempt: a retry that comes too late is still made.
  ...arrows('expire', ['SCHEDULED', 'PENDING', 'BLOCKED'], ['EXPIRED']),
  ...arrows('retry-by-hand', ['FAILURE', 'REVOKED', 'EXPIRED'], ['PENDING', 'BLOCKED']),
])

export const isFinal = (state: State): boolean => (FINAL_STATES as readonly State[]).includes(state)

/** Whether `event` may move a job from `from` to `to`. */
export function allows(event: string, from: State | null, to: State): boolean {
  return TRANSITIONS.some((t) => t.event === event && t.from === from && t.to === to)
}
