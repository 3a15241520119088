import type { Trial } from '../case.ts'
import { statements } from './statements.ts'
import { whole } from './whole.ts'

/** Stands where a case's name stands. */
export const GATE = 'gate'

export const GATE_TRIALS: Readonly<Record<string, Trial>> = { statements, whole }
