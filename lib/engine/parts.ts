import type { LaneJob } from '../pool/lane.ts'
import type { Pool } from '../pool/pool.ts'
import type { Store } from '../store/store.ts'
import type { EngineOptions } from '../wire/engine-options.ts'
import type { Role, StopReport } from '../wire/messages.ts'
import type { Announcer } from './announcer.ts'
import type { Beat } from './beat.ts'
import type { Clock } from './clock.ts'
import type { Dispatcher } from './dispatcher.ts'
import type { Edits } from './edits.ts'
import type { MainRuns } from './main-runs.ts'
import type { Pruner } from './pruner.ts'
import type { Rescuer } from './rescuer.ts'
import type { Settler } from './settler.ts'
import type { TurnLoop } from './turn.ts'
import type { Waiters } from './waiters.ts'

/** What the engine is made of. */
export interface Parts {
  readonly options: EngineOptions
  readonly clock: Clock
  readonly store: Store
  readonly turns: TurnLoop
  readonly edits: Edits
  readonly settler: Settler
  readonly waiters: Waiters
  readonly dispatcher: Dispatcher
  readonly beat: Beat
  readonly announcer: Announcer
  readonly main: MainRuns
  readonly revoker: Revocations
  readonly rescuer: Rescuer
  readonly pruner: Pruner
  readonly standing: Standing
}

/** What this process is on the file, from `start()` to `stop()`. */
export interface Standing {
  role: Role | null
  /** Names this process's presence lock and begun file. */
  key: string
  /** Id of its row; claims carry it. */
  owner: number | null
  pool: Pool | null
  /** What a stop that is under way has done so far. */
  stopping: StopReport | null
  /** Jobs that were told to end because of the stop: whatever they answer but success, they are handed back. */
  readonly interrupted: Set<LaneJob>
  /** Calls back once a thread is ready, or none can be. */
  awaitingThread: { resolve: () => void; reject: (error: Error) => void } | null
  /** Calls back once nothing is outstanding. */
  awaitingEmpty: (() => void) | null
}

/** Ends running jobs that somebody asked to end. */
export interface Revocations {
  /** Looks in the file for running jobs of this process to end. */
  look(): void
  /** Why a job is being revoked; `undefined` when it is not. Forgets it, as the job has ended. */
  reasonOf(job: LaneJob): string | null | undefined
}
