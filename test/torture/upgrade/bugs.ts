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
