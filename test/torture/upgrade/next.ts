import type { Patch } from '../../crash/patched-package.ts'

/** What the next version adds. */
export const ADDED = { tables: ['celeriac_next'], columns: ['next_note'] } as const

const SQL = `
ALTER TABLE celeriac_jobs ADD COLUMN next_note TEXT;
UPDATE celeriac_jobs SET next_note = 'seen ' || id;
CREATE TABLE celeriac_next (job INTEGER PRIMARY KEY, note TEXT NOT NULL) STRICT;
INSERT INTO celeriac_next SELECT seq, next_note FROM celeriac_jobs;
CREATE INDEX celeriac_jobs_next ON celeriac_jobs (next_note);
CREATE VIEW celeriac_v_next AS SELECT j.id, n.note FROM celeriac_next n JOIN celeriac_jobs j ON j.seq = n.job;
`

/** The library of a version that does not exist: today's with one more migration. */
export const NEXT_VERSION: readonly Patch[] = [
  {
    file: 'store/migrations.js',
    find: 'export const SCHEMA_VERSION = MIGRATIONS.length;',
    put: `MIGRATIONS.push(${JSON.stringify(SQL)});\nexport const SCHEMA_VERSION = MIGRATIONS.length;`,
  },
  // So that what is not committed yet reaches the disk too.
  { file: 'store/open.js', find: "db.pragma('cache_size = -4000')", put: "db.pragma('cache_size = 4')" },
]
