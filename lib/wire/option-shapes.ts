import type { Rate } from '../domain/rate.ts'
import type { RetryChange } from '../domain/retry.ts'
import type { UniqueRule } from '../domain/unique.ts'
import type { Codec } from './codec.ts'

/** Options stored with a job, as JSON; only what differs from the default is present. */
export interface StoredOptions {
  ignoreResult?: true
  /** Milliseconds after the job was enqueued. */
  deadline?: number
  /** Milliseconds. */
  timeLimit?: number
  /** Milliseconds. */
  softTimeLimit?: number
  headers?: Record<string, string>
  tags?: string[]
  retry?: RetryChange
  /** Ends as REVOKED when its key has no place at its time. */
  discard?: true
  /** Of a schedule's job: slots since the one that fired before which did not fire. */
  missed?: number
  /** Of a schedule's job: epoch ms of the latest slot whose job had succeeded when this one fired. */
  lastSuccess?: number
  /** Stored when the job succeeds. */
  link?: StoredLink[]
  /** Stored when the job fails for good. */
  linkError?: StoredLink[]
}

/** A job to be stored when another one ends. Times in ms, counted from that end where they are not moments. */
export interface StoredLink {
  task: string
  queue: string
  priority: number
  maxAttempts: number
  codec: Codec
  options: StoredOptions | null
  /** Null unless it was chosen. */
  id: string | null
  runAt: number | null
  delay: number | null
  expiresAt: number | null
  expiresIn: number | null
  unique?: UniqueRule
  /** Absent when the arguments are the key. */
  key?: string
  concurrency?: { limit: number; discard: boolean }
  rate?: Rate
  gateKeys?: GateKeys
  /** Takes nothing of the job before it. */
  immutable?: true
  /** JSON, or V8's bytes in base64. */
  args: string
}

/** Keys whose limits the jobs of a batch are under, one for each job. They carry the task's name: a key is its task's own. */
export interface GateKeys {
  concurrency: string[] | null
  rate: string[] | null
}
