import type { WireError } from './error-codec.ts'

/** What an operator should hear of, as data: `lib/log-lines.ts` has the words. */
export type Incident =
  | { about: 'thread-unfit'; error: WireError }
  | { about: 'thread-tainted'; error: WireError }
  | { about: 'threads-stuck'; error: WireError }
  | { about: 'lease-lost'; id: string; task: string }
  | { about: 'process-rescued'; reason: string; jobs: number }
  | { about: 'rescue-failed'; pid: number; error: WireError }
  | { about: 'beat-failed'; error: WireError }
  | { about: 'engine-renewed'; error: WireError }
  | { about: 'schedule-broken'; schedule: string; error: WireError }
  | { about: 'pruning-failed'; error: WireError }
  | { about: 'wal-held'; path: string; bytes: number }
  | { about: 'checkpoint-failed'; error: WireError }
  | { about: 'answer-failed'; error: WireError }
  | { about: 'shutdown-asked' }
  | { about: 'outcomes-left' }
  | { about: 'files-left'; error: WireError }
