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
  /** Looks once for it in a copy that has it; gives what was found, null when nothing was. */
  hunt(pkg: Package, seed: number): Promise<string | null>
  /** Looks, each with a seed of its own, after which it counts as not found. Default 4. */
  tries?: number
  /** Tried by `npm test` too: few of each suite, those that are cheap and that the first look finds. */
  short?: true
}

/** Lets a part of the suite look. @param wanted what a violation must look like to be about the bug */
export function bySuite(suite: string, share: number, wanted = /^/): PlantedBug['hunt'] {
  return async (pkg, seed) =>
    (await violationsOf(pkg, suite, share, seed)).find((violation) => wanted.test(violation)) ?? null
}
