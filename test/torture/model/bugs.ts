import type { Patch } from '../../crash/patched-package.ts'
import { bySuite, type PlantedBug } from '../planted-bug.ts'

const BUGS: ({ title: string; short?: true } & Patch)[] = [
  {
    title: 'no fencing: what a dead process says of its jobs is written',
    file: 'store/jobs/settle.js',
    find: 'DELETE FROM celeriac_claims WHERE seq = ? AND owner = ? AND token = ?',
    put: 'DELETE FROM celeriac_claims WHERE seq = ? AND ? IS NOT NULL AND ? IS NOT NULL',
  },
  {
    title: 'the place of a job that ended is given to nobody',
    file: 'engine/settler.js',
    find: 'this.#store.admission.refill(key);',
    put: ';',
  },
  {
    title: 'jobs are claimed in the order of arrival',
    file: 'store/jobs/claim.js',
    find: 'ORDER BY rank, seq LIMIT ? + 0',
    put: 'ORDER BY seq LIMIT ? + 0',
  },
  {
    title: 'a job that is retried by hand stays among the counted',
    short: true,
    file: 'store/jobs/retry.js',
    find: 'this.#tally.left(before);',
    put: ';',
  },
  {
    title: 'a job that was to be revoked is run again when its process dies',
    file: 'engine/rescuer.js',
    find: 'this.#store.revocations.heed(orphan.seq, now)',
    put: '[]',
  },
  {
    title: 'a clock that is set back leaves schedules waiting for it',
    file: 'engine/beat.js',
    find: 'if (this.#setBack.noticed) {',
    put: 'if (false) {',
  },
  {
    title: 'a clock that is set back leaves jobs waiting for the rate of their key',
    file: 'engine/dispatcher.js',
    find: 'this.gates.clockWentBack(now);',
    put: ';',
  },
  {
    title: 'a job that is claimed counts against its rate only once it has begun',
    file: 'store/rates.js',
    find: 'SELECT sum(starts), ',
    put: 'SELECT sum(starts) FILTER (WHERE owner = 0), ',
  },
  {
    title: 'the place of a job that is revoked before it has begun is given to nobody',
    file: 'store/jobs/revoke.js',
    find: 'this.#admission.left(job, now);',
    put: ';',
  },
  {
    title: 'a claimed job holds its place of another key than that of its rate',
    file: 'store/jobs/claim.js',
    find: 'iif(@per IS NULL, NULL, j.rate_key)',
    put: 'iif(@per IS NULL, NULL, j.task)',
  },
  {
    title: 'a job that has begun keeps its place of the rate of its key until it ends',
    file: 'store/rates.js',
    find: 'UPDATE celeriac_claims SET rate_key = NULL, rate_per = NULL WHERE seq = ?',
    put: 'UPDATE celeriac_claims SET rate_per = NULL WHERE seq = ?',
  },
  {
    title: 'a transaction that is undone counts all the same',
    short: true,
    file: 'store/store.js',
    find: `catch (error) {
            this.#tally.clear();
            this.rates.clear();`,
    put: `catch (error) {
            this.rates.clear();`,
  },
]

export const modelBugs: readonly PlantedBug[] = BUGS.map(({ title, short, ...patch }) => ({
  suite: 'model',
  title,
  patches: [patch],
  // It ends with the first, so that a long look costs only what is hard to find.
  hunt: bySuite('model', 10, /^seed \d+: after\n/),
  ...(short && { short }),
}))
