import type { Patch } from '../../crash/patched-package.ts'
import type { PlantedBug } from '../planted-bug.ts'
import { contend } from './suite.ts'

const BUGS: { title: string; padding: number; patches: Patch[]; wanted: RegExp }[] = [
  {
    title: 'the WAL is never begun anew',
    padding: 300_000,
    patches: [{ file: 'engine/wal-keeper.js', find: 'turned(idle) {', put: 'turned(idle) { return;' }],
    wanted: /the WAL grew/,
  },
  {
    title: 'what other processes store is not looked for',
    padding: 0,
    patches: [{ file: 'store/store.js', find: 'changedElsewhere() {', put: 'changedElsewhere() { return false;' }],
    wanted: /ran nothing/,
  },
]

export const contentionBugs: readonly PlantedBug[] = BUGS.map(({ padding, wanted, ...bug }) => ({
  ...bug,
  suite: 'contention',
  async hunt(pkg) {
    const { violations } = await contend({ seconds: 4, padding, pkg })
    return violations.find((found) => wanted.test(found)) ?? null
  },
}))
