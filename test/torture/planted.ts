/** The suites are tested themselves: each bug that is planted in a copy of the library must be found by the suite meant for it. */
import { patchedPackage, removePatchedPackage } from '../crash/patched-package.ts'
import { badInputBugs } from './bad-input/bugs.ts'
import { contentionBugs } from './contention/bugs.ts'
import { damagedFilesBugs } from './damaged-files/bugs.ts'
import { killStormBugs } from './kill-storm/bugs.ts'
import { lastCallBugs } from './last-call/bugs.ts'
import { modelBugs } from './model/bugs.ts'
import type { PlantedBug } from './planted-bug.ts'
import { poisonBugs } from './poison/bugs.ts'
import { powerCutBugs } from './power-cut/bugs.ts'
import { recoveryBugs } from './recovery/bugs.ts'
import { resourcesBugs } from './resources/bugs.ts'
import { securityBugs } from './security/bugs.ts'
import { shutdownBugs } from './shutdown/bugs.ts'
import { soakBugs } from './soak/bugs.ts'
import { SUITES } from './suites.ts'
import { upgradeBugs } from './upgrade/bugs.ts'

/** In the order of the suites. */
export const PLANTED: readonly PlantedBug[] = [
  ...badInputBugs,
  ...modelBugs,
  ...damagedFilesBugs,
  ...killStormBugs,
  ...poisonBugs,
  ...recoveryBugs,
  ...powerCutBugs,
  ...lastCallBugs,
  ...resourcesBugs,
  ...shutdownBugs,
  ...securityBugs,
  ...upgradeBugs,
  ...contentionBugs,
  ...soakBugs,
]

export interface Hunted {
  suite: string
  bug: string
  seconds: number
  /** Looks that it took, or that were in vain. */
  tries: number
  /** What was found; null when nothing was. */
  found: string | null
  /** Why nobody could look here. */
  missing?: string
}

/** Looks after which a bug counts as not found. */
const TRIES = 4

export async function hunt(bug: PlantedBug, seed: number): Promise<Hunted> {
  const { suite, title, patches, conditions = [], tries = TRIES } = bug
  const missing = SUITES.find(({ name }) => name === suite)?.missing() ?? null
  if (missing !== null) return { suite, bug: title, seconds: 0, tries: 0, found: null, missing }
  const pkg = patchedPackage([...conditions, ...patches])
  const began = performance.now()
  try {
    let found: string | null = null
    let tried = 0
    while (found === null && tried < tries) found = await bug.hunt(pkg, seed + tried++)
    return { suite, bug: title, seconds: Math.round((performance.now() - began) / 100) / 10, tries: tried, found }
  } finally {
    removePatchedPackage(pkg)
  }
}

export function describeHunt({ suite, bug, seconds, tries, found, missing }: Hunted): string {
  const looks = tries === 1 ? '' : ` and ${tries} looks`
  const said = missing
    ? `NOT RUN, ${missing}`
    : `${found === null ? 'NOT FOUND' : 'found'} in ${seconds.toFixed(1)} s${looks}`
  return `${suite.padEnd(14)} ${bug}: ${said}${found === null ? '' : `\n${' '.repeat(15)}${oneLine(found)}`}`
}

/** A history of the model is told by its end, which is what shows it. */
const oneLine = (text: string): string => {
  const line =
    text
      .trim()
      .split('\n')
      .at(text.startsWith('seed') ? -1 : 0)
      ?.trim() ?? ''
  return line.length <= 160 ? line : `${line.slice(0, 160)}…`
}
