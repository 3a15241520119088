/** Bugs of a kind that task queues have had, each with the smallest history that shows it. */
import type { Invariant } from './check.ts'
import type { Patch } from './patched-package.ts'
import * as scenarios from './scenarios.ts'

export interface PlantedBug {
  title: string
  /** All in one file. */
  patches: Patch[]
  scenario: scenarios.Scenario
  /** What the checker must find, one of them at least. */
  finds: Invariant[]
  /** Tried by `npm test` too. */
  short?: true
  /** Changes that are no bug, such as a shorter lease; the scenario must hold with these alone. */
  conditions?: Patch[]
}

/** A lease short enough to wait for, and a beat to match. */
export const SHORT_LEASE: Patch[] = [
  { file: 'engine/rescuer.js', find: 'const LEASE = 30_000;', put: 'const LEASE = 1_500;' },
  { file: 'engine/lookout.js', find: 'const BEAT_EVERY = 10_000;', put: 'const BEAT_EVERY = 500;' },
]

export const PLANTED_BUGS: PlantedBug[] = [
  {
    title: 'no fencing: an outcome is written whoever holds the job',
    patches: [
      {
        file: 'store/jobs/settle.js',
        find: `if (!this.giveBack(claim))
            return false;
        const {`,
        put: 'this.giveBack(claim); const {',
      },
      {
        file: 'store/jobs/settle.js',
        find: "result = ? WHERE seq = ? AND state = 'PENDING'",
        put: 'result = ? WHERE seq = ?',
      },
    ],
    scenario: scenarios.wakeUpLate,
    finds: ['I3'],
    conditions: SHORT_LEASE,
  },
  {
    title: 'a job is acknowledged before it is committed',
    short: true,
    patches: [
      {
        file: 'engine/intake.js',
        find: 'this.#arrivals.push({ session, request, batches });',
        put: `this.#arrivals.push({ session, request, batches });
          session.reply({ type: 'stored', requests: [request], duplicates: [] });`,
      },
    ],
    scenario: scenarios.killBeforeCommit,
    finds: ['I1'],
  },
  {
    title: 'the end of a job is reported before it is committed',
    patches: [
      {
        file: 'engine/lane-desk.js',
        find: "settler.add({ kind: 'outcome', job, outcome, revoked });",
        put: `settler.add({ kind: 'outcome', job, outcome, revoked });
          if (outcome[0] === 'success') {
            this.#parts.waiters.settled(job.id, ['SUCCESS', job.task, 'json', outcome[4], null]);
            this.#parts.waiters.flush();
          }`,
      },
    ],
    scenario: scenarios.killBeforeOutcome,
    finds: ['I3', 'I4'],
  },
  {
    title: 'state and result are written in two transactions',
    patches: [
      {
        file: 'store/jobs/settle.js',
        find: 'if (this.#succeed.run(owner, token, thread, startedAt, now, result, seq).changes === 0)',
        put: `const held = this.#succeed.run(owner, token, thread, startedAt, now, null, seq).changes === 1;
          this.db.exec('COMMIT');
          this.db.exec('BEGIN IMMEDIATE');
          if (held) this.db.prepare('UPDATE celeriac_jobs SET result = ? WHERE seq = ?').run(result, seq);
          if (!held)`,
      },
      {
        file: 'store/jobs/settle.js',
        find: 'constructor(db) {',
        put: 'constructor(db) {\nthis.db = db;',
      },
    ],
    scenario: scenarios.killInFlood,
    finds: ['I3'],
  },
  {
    title: 'the counters are written after the commit of what they count',
    patches: [
      {
        file: 'store/store.js',
        find: 'this.#tally.flush();',
        put: `this.#commit.run();
            Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
            this.#begin.run();
            this.#tally.flush();`,
      },
    ],
    scenario: scenarios.killInFlood,
    finds: ['I11'],
  },
  {
    title: 'a claim takes the job out of the file until it ends',
    patches: [
      {
        file: 'store/store.js',
        find: 'const result = work();',
        put: `for (const row of this.held ?? []) {
            this.#db.prepare(\`INSERT INTO celeriac_jobs (\${Object.keys(row)}) VALUES (\${Object.keys(row).map(() => '?')})\`)
              .run(...Object.values(row));
          }
          const result = work();
          const pid = \`(SELECT id FROM celeriac_processes WHERE pid = \${process.pid})\`;
          this.held = this.#db.prepare(\`DELETE FROM celeriac_jobs WHERE seq IN (SELECT seq FROM celeriac_claims WHERE owner = \${pid}) RETURNING *\`).all();`,
      },
    ],
    scenario: scenarios.killWhileRunning,
    finds: ['I1'],
  },
  {
    title: 'a claim reads in one transaction and writes in a later one without looking again',
    patches: [
      {
        file: 'store/jobs/claim.js',
        find: 'let rows = (begun ? page.first.all(queue, task, afterRank, afterSeq, limit) : []);',
        put: `this.ahead ??= [];
          if (this.ahead.length === 0) this.ahead = page.next.all(queue, task, afterRank, limit + 32);
          if (this.ahead.length > 0) return this.ahead.splice(0, limit);
          let rows = [];`,
      },
    ],
    scenario: scenarios.shareTheWork,
    finds: ['I12'],
  },
  {
    title: 'a dead process is struck off the books and its jobs are not given back',
    patches: [
      {
        file: 'engine/rescuer.js',
        find: 'this.#rescueClaims(row.id,',
        put: 'this.#rescueClaims(-1,',
      },
    ],
    scenario: scenarios.killWhileRunning,
    finds: ['I7'],
  },
  {
    title: 'the deaths under a job are not counted',
    patches: [
      {
        file: 'store/jobs/settle.js',
        find: 'SET crashes = crashes + 1',
        put: 'SET crashes = crashes',
      },
    ],
    scenario: scenarios.restartUnderPoison,
    finds: ['I5'],
  },
  {
    title: 'a job of a transaction is committed on its own',
    short: true,
    patches: [
      {
        file: 'store/caller-connection.js',
        find: 'return counted(connection, inserts.insert(batch, now));',
        put: `const inserted = counted(connection, inserts.insert(batch, now));
          connection.exec('COMMIT');
          connection.exec('BEGIN IMMEDIATE');
          return inserted;`,
      },
    ],
    scenario: scenarios.takeBack,
    finds: ['I2'],
  },
  {
    title: 'a slot is noted in one transaction and its job stored in the next',
    patches: [
      {
        file: 'store/slots.js',
        find: 'return this.#slot.run(schedule, slot, outcome, jobId, named, now).changes === 1;',
        put: `const noted = this.#slot.run(schedule, slot, outcome, jobId, named, now).changes === 1;
          this.db.exec('COMMIT');
          this.db.exec('BEGIN IMMEDIATE');
          this.db.exec('SAVEPOINT celeriac_attempt');
          return noted;`,
      },
      { file: 'store/slots.js', find: 'constructor(db) {', put: 'constructor(db) {\nthis.db = db;' },
    ],
    scenario: scenarios.killWhileFiring,
    finds: ['I8'],
  },
]
