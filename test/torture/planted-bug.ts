import type { Package } from '../crash/children.ts'
import type { Patch } from '../crash/patched-package.ts'
import { violationsOf } from './patched-run.ts'

/** A bug that is planted in a copy of the library, for the suite that is meant to find it. */
export interface PlantedBug {
  suite: string
  title: string
  /** All in one file. */
  patches: readonly Patch[]
  /** Changes that are no bug, such as a shorter lease. */
  conditions?: readonly Patch[]
  /** Looks for it in a copy that has it; gives what was found, null when nothing was. */
  hunt(pkg: Package, seed: number): Promise<string | null>
  /** Tried by `npm test` too: few of each suite, the cheap ones. */
  short?: true
}

/** Parts of a suite that look, each with choices of its own, until one finds it. */
const TRIES = 4

/** Lets a part of the suite look. @param wanted what a violation must look like to be about the bug */
export function bySuite(suite: string, share: number, wanted = /^/): PlantedBug['hunt'] {
  return async (pkg, seed) => {
    for (let tried = 0; tried < TRIES; tried++) {
      const found = (await violationsOf(pkg, suite, share, seed + tried)).find((violation) => wanted.test(violation))
      if (found !== undefined) return found
    }
    return null
  }
}
