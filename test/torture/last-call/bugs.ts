import type { Patch } from '../../crash/patched-package.ts'
import { seeded } from '../../crash/random.ts'
import type { PlantedBug } from '../planted-bug.ts'
import type { Operation } from './operation.ts'
import { lastCalls } from './suite.ts'

const BUGS: { title: string; operation: Operation; patches: Patch[]; short?: true }[] = [
  {
    title: 'jobs are acknowledged before they are committed',
    operation: 'enqueue',
    patches: [
      {
        file: 'engine/intake.js',
        find: 'this.#arrivals.push({ session, request, batches });',
        put: `this.#arrivals.push({ session, request, batches });
          session.reply({ type: 'stored', requests: [request], duplicates: [] });`,
      },
    ],
  },
  {
    title: 'a refused write is told without a code',
    short: true,
    operation: 'bulk',
    patches: [
      {
        file: 'engine/turn.js',
        find: 'const fault = storageError(error, this.#store.path);',
        put: 'const fault = error;',
      },
    ],
  },
]

export const lastCallBugs: readonly PlantedBug[] = BUGS.map(({ operation, ...bug }) => ({
  ...bug,
  suite: 'last-call',
  async hunt(pkg, seed) {
    const points = { kill: 3, error: 3 }
    const { violations } = await lastCalls({ operations: [operation], points, random: seeded(seed), pkg })
    return violations[0] ?? null
  },
}))
