import { bySuite, type PlantedBug } from '../planted-bug.ts'

export const upgradeBugs: readonly PlantedBug[] = [
  {
    suite: 'upgrade',
    title: 'a migration is no transaction',
    patches: [
      {
        file: 'store/open.js',
        find: 'opened.transaction(() => migrateInTransaction(opened)).immediate();',
        put: 'migrateInTransaction(opened);',
      },
    ],
    hunt: bySuite('upgrade', 0.3, /the tables are not those|the version is/),
    short: true,
  },
  {
    suite: 'upgrade',
    title: 'a job is lost on the way to the next version',
    patches: [
      {
        file: 'store/open.js',
        find: 'opened.transaction(() => migrateInTransaction(opened)).immediate();',
        put: `opened.transaction(() => {
          migrateInTransaction(opened);
          opened.exec('DELETE FROM celeriac_jobs WHERE seq = 2');
        }).immediate();`,
      },
    ],
    hunt: bySuite('upgrade', 0.1, /the rows of celeriac_jobs/),
  },
  {
    suite: 'upgrade',
    title: 'what ended is lost when the next version goes on with it',
    patches: [
      {
        file: 'store/jobs/insert.js',
        find: 'this.#one = db.prepare(INSERT);',
        put: `this.#one = db.prepare(INSERT);
          if (db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'celeriac_next'").get())
            db.exec("DELETE FROM celeriac_jobs WHERE seq = (SELECT max(seq) FROM celeriac_jobs WHERE state = 'SUCCESS')");`,
      },
    ],
    hunt: bySuite('upgrade', 0.1, /^[^:]+: after the next process/),
  },
  {
    suite: 'upgrade',
    title: 'a file of a newer version is worked on',
    patches: [{ file: 'store/migrations.js', find: 'if (version > SCHEMA_VERSION) {', put: 'if (version < 0) {' }],
    hunt: bySuite('upgrade', 0.1, /a newer file/),
  },
  {
    suite: 'upgrade',
    title: 'the log of a newer version is taken into its file before it is refused',
    patches: [
      {
        file: 'store/open.js',
        find: 'refuseNewerUntouched(path);\n        db = new',
        put: 'db = new',
      },
    ],
    hunt: bySuite('upgrade', 0.1, /changed jobs\.db/),
  },
]
