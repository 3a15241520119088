import type { Patch } from '../../crash/patched-package.ts'
import { seeded } from '../../crash/random.ts'
import type { PlantedBug } from '../planted-bug.ts'
import type { Operation } from './operation.ts'
import { type AllPoints, lastCalls } from './suite.ts'

const NONE = { killed: 0, failed: 0 }

const BUGS: { title: string; operation: Operation; points: AllPoints; patches: Patch[]; short?: true }[] = [
  {
    title: 'jobs are acknowledged before they are committed',
    operation: 'enqueue',
    points: { replayed: 20, killed: 0, failed: 0, beside: NONE },
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
    points: { replayed: 0, killed: 0, failed: 3, beside: NONE },
    patches: [
      {
        file: 'engine/turn.js',
        find: 'const fault = storageError(error, this.#store.path);',
        put: 'const fault = error;',
      },
    ],
  },
  {
    title: 'what a dead process held is not given back',
    operation: 'succeed',
    points: { replayed: 0, killed: 0, failed: 0, beside: { killed: 10, failed: 0 } },
    patches: [{ file: 'engine/rescuer.js', find: 'this.#rescueClaims(row.id,', put: 'this.#rescueClaims(-1,' }],
  },
  {
    title: 'a job that is stored takes the place of one that ended',
    operation: 'enqueue',
    points: { replayed: 10, killed: 0, failed: 0, beside: NONE },
    patches: [
      {
        file: 'store/jobs/insert.js',
        find: 'if (this.#insertOne(id, args[i], shared) > 0)',
        put: `this.#gone ??= this.#db.prepare(
              "DELETE FROM celeriac_jobs WHERE seq = (SELECT max(seq) FROM celeriac_jobs WHERE state = 'SUCCESS')");
            this.#gone.run();
            if (this.#insertOne(id, args[i], shared) > 0)`,
      },
      {
        file: 'store/jobs/insert.js',
        find: 'this.#one = db.prepare(INSERT);',
        put: 'this.#one = db.prepare(INSERT); this.#db = db;',
      },
      { file: 'store/jobs/insert.js', find: '#one;', put: '#one; #db; #gone;' },
    ],
  },
  {
    title: 'a backup is written under its final name',
    operation: 'backup',
    points: { replayed: 10, killed: 0, failed: 0, beside: NONE },
    patches: [
      { file: 'store/care/backup.js', find: '.part`', put: '`' },
      { file: 'store/care/backup.js', find: 'linkSync(part, target);', put: '' },
      { file: 'store/care/backup.js', find: "['', '-journal', '-wal', '-shm']", put: "['-journal', '-wal', '-shm']" },
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
