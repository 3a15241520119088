import type { Store } from '../store/store.ts'
import type { EngineOptions } from '../wire/engine-options.ts'
import type { Announcer } from './announcer.ts'
import type { Beat } from './beat.ts'
import type { Clock } from './clock.ts'
import type { CommandDesk } from './command-desk.ts'
import type { Dispatcher } from './dispatcher.ts'
import type { Edits } from './edits.ts'
import type { MainRuns } from './main-runs.ts'
import type { Pruner } from './pruner.ts'
import type { Rescuer } from './rescuer.ts'
import type { Revoker } from './revoker.ts'
import type { Settler } from './settler.ts'
import type { Standing } from './standing.ts'
import type { TurnLoop } from './turn.ts'
import type { VitalSigns } from './vitals.ts'
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
  readonly revoker: Revoker
  readonly rescuer: Rescuer
  readonly pruner: Pruner
  readonly commands: CommandDesk
  readonly standing: Standing
  readonly vitals: VitalSigns
}
