export const OPERATIONS = [
  'enqueue',
  'bulk',
  'within',
  'succeed',
  'fail',
  'retry',
  'revoke-waiting',
  'revoke-running',
  'rescue',
  'slot',
  'catch-up',
  'checkpoint',
  'prune',
  'migrate',
  'backup',
  'shutdown',
] as const

/** What the library is doing when its last system call comes. */
export type Operation = (typeof OPERATIONS)[number]
