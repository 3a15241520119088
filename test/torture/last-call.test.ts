/** Every system call the last one, or one that fails: the short form. `npm run torture -- last-call --size nightly` for more. */
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { type Patch, patchedPackage, removePatchedPackages } from '../crash/patched-package.ts'
import { seeded, seedOfRun } from '../crash/random.ts'
import type { Operation } from './last-call/operation.ts'
import { lastCall, lastCalls } from './last-call/suite.ts'

const skip = lastCall.missing() ?? false
after(removePatchedPackages)

describe('the last system call', { skip }, () => {
  test('of five operations leaves a legal file, and one that fails a reason', async (t) => {
    const seed = seedOfRun()
    t.diagnostic(`CRASH_SEED=${seed}`)
    const { kills, errors, violations } = await lastCalls({
      operations: ['enqueue', 'within', 'succeed', 'retry', 'shutdown'],
      points: { kill: 3, error: 1 },
      random: seeded(seed),
    })
    t.diagnostic(`${kills} processes killed, ${errors} calls failed`)
    assert.deepEqual(violations.slice(0, 5), [])
    assert.ok(kills > 8, `only ${kills} processes were killed`)
  })
})

const BUGS: { title: string; operation: Operation; patches: Patch[] }[] = [
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

describe('a planted bug is found by the last system call:', { skip, concurrency: 2 }, () => {
  for (const { title, operation, patches } of BUGS) {
    test(title, async () => {
      const { violations } = await lastCalls({
        operations: [operation],
        points: { kill: 3, error: 3 },
        random: seeded(1),
        pkg: patchedPackage(patches),
      })
      assert.notEqual(violations.length, 0)
    })
  }
})
