import type { LaneJob } from '../pool/lane.ts'
import type { Pool } from '../pool/pool.ts'
import type { Role, StopReport } from '../wire/messages.ts'

/** What this process is on the file, from `start()` to `stop()`. */
export interface Standing {
  role: Role | null
  /** Names this process's presence lock and begun file. */
  key: string
  /** Id of its row; claims carry it. */
  owner: number | null
  pool: Pool | null
  /** The start that is under way or has ended, for a stop to wait for. */
  starting: Promise<void> | null
  /** What a stop that is under way has done so far. */
  stopping: StopReport | null
  /** Shortens what that stop still waits for, in ms from now. */
  hasten: ((drain: number, grace: number) => void) | null
  /** Jobs that were told to end because of the stop: whatever they answer but success, they are handed back. */
  readonly interrupted: Set<LaneJob>
  /** Calls back once a thread is ready, or none can be. */
  awaitingThread: { resolve: () => void; reject: (error: Error) => void } | null
  /** Calls back once nothing is outstanding. */
  awaitingEmpty: (() => void) | null
  /** Call back once nothing is left that this process could run now. */
  readonly awaitingDrained: Set<() => void>
}
