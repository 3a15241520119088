import { badInput } from './bad-input/suite.ts'
import { contention } from './contention/suite.ts'
import { cron } from './cron/suite.ts'
import { damagedFiles } from './damaged-files/suite.ts'
import { killStormSuite } from './kill-storm/suite.ts'
import { lastCall } from './last-call/suite.ts'
import { model } from './model/suite.ts'
import { poisonSuite } from './poison/suite.ts'
import { powerCut } from './power-cut/suite.ts'
import { recoverySuite } from './recovery/suite.ts'
import { resources } from './resources/suite.ts'
import { security } from './security/suite.ts'
import { shutdown } from './shutdown/suite.ts'

import { soak } from './soak/suite.ts'
import type { Suite } from './suite.ts'
import { upgradeSuite } from './upgrade/suite.ts'

/** In the order in which `npm run torture` runs them. */
export const SUITES: readonly Suite[] = [
  badInput,
  model,
  damagedFiles,
  killStormSuite,
  poisonSuite,
  recoverySuite,
  powerCut,
  lastCall,
  resources,
  shutdown,
  security,
  upgradeSuite,
  contention,
  soak,
  cron,
]
