import { lastCall } from './last-call/suite.ts'
import { powerCut } from './power-cut/suite.ts'
import type { Suite } from './suite.ts'

/** In the order in which `npm run torture` runs them. */
export const SUITES: readonly Suite[] = [powerCut, lastCall]
