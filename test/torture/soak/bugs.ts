import type { Patch } from '../../crash/patched-package.ts'
import { seeded } from '../../crash/random.ts'
import type { PlantedBug } from '../planted-bug.ts'
import { soakFor } from './suite.ts'

const BUGS: { title: string; patches: Patch[]; wanted: RegExp }[] = [
  {
    title: 'what has ended is never pruned',
    patches: [{ file: 'engine/pruner.js', find: 'begin() {', put: 'begin() { return;' }],
    wanted: /^finished jobs/,
  },
  {
    title: 'each job that ended leaves something in the engine',
    patches: [
      {
        file: 'engine/settler.js',
        find: 'add(settlement) {',
        put: `add(settlement) {
        (this.leak ??= []).push(Buffer.alloc(100_000, 1));`,
      },
    ],
    wanted: /^rss grew/,
  },
  {
    title: 'one of a thousand jobs is acknowledged and not stored',
    patches: [
      {
        file: 'store/jobs/insert.js',
        find: 'if (this.#insertOne(id, args[i], shared) > 0)',
        put: `if ((this.lost = (this.lost ?? 0) + 1) % 1_000 === 0 || this.#insertOne(id, args[i], shared) > 0)`,
      },
    ],
    wanted: /was to end in/,
  },
  {
    title: 'a job that ended is put back into its queue',
    patches: [
      {
        file: 'store/jobs/insert.js',
        find: 'this.#one = db.prepare(INSERT);',
        put: `this.#one = db.prepare(INSERT);
        this.back = db.prepare(\`UPDATE celeriac_jobs SET state = 'PENDING', finished_at = NULL, result = NULL
          WHERE seq = (SELECT max(seq) - 8 FROM celeriac_jobs) AND state = 'SUCCESS'\`);`,
      },
      {
        file: 'store/jobs/insert.js',
        find: 'if (this.#insertOne(id, args[i], shared) > 0)',
        put: `if ((this.stored = (this.stored ?? 0) + 1) % 100 === 0) this.back.run();
            if (this.#insertOne(id, args[i], shared) > 0)`,
      },
    ],
    wanted: /says later/,
  },
]

export const soakBugs: readonly PlantedBug[] = BUGS.map(({ wanted, ...bug }) => ({
  ...bug,
  suite: 'soak',
  async hunt(pkg, seed) {
    const { violations } = await soakFor({ seconds: 12, random: seeded(seed), pkg })
    return violations.find((found) => wanted.test(found)) ?? null
  },
}))
