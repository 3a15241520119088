/** A promise that the program under test was given. */
export type Promised =
  /** These jobs are stored; with `order`, the application's own row of the same transaction too. */
  | { stored: string[]; order?: true }
  /** This job ended so. `value` is the result, or the error's message. */
  | { ended: string; state: 'SUCCESS' | 'FAILURE' | 'REVOKED' | 'EXPIRED'; value: unknown }
