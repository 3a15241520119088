import type { Patch } from '../../crash/patched-package.ts'
import { seeded } from '../../crash/random.ts'
import type { PlantedBug } from '../planted-bug.ts'
import type { Operation } from './operation.ts'
import { lastCalls, type Points } from './suite.ts'

const BUGS: { title: string; operation: Operation; points: Points; patches: Patch[]; short?: true }[] = [
  {
    title: 'jobs are acknowledged before they are committed',
    operation: 'enqueue',
    points: { replayed: 20, killed: 0, failed: 0 },
    patches: [
      {
        file: 'engine/intake.js',
        find: 'this.#arrivals.push({ session, request, batches });',
        put: `this.#arrivals.push({ session, request, batches });
          session.reply({ type: 'stored', requests: [request], duplicates: [] });
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);`,
      },
    ],
    short: true,
  },
  {
    title: 'a refused write is told without a code',
    operation: 'bulk',
    points: { replayed: 0, killed: 0, failed: 3 },
    patches: [
      {
        file: 'engine/turn.js',
        find: 'const fault = storageError(error, this.#store.path);',
        put: 'const fault = error;',
      },
    ],
  },
]

export const lastCallBugs: readonly PlantedBug[] = BUGS.map(({ operation, points, ...bug }) => ({
  ...bug,
  suite: 'last-call',
  async hunt(pkg, seed) {
    const { violations } = await lastCalls({ operations: [operation], points, random: seeded(seed), pkg })
    return violations[0] ?? null
  },
}))
