/** Who changed what by hand, through a dashboard or another tool. */
export const createAudit = `
CREATE TABLE celeriac_audit (
  seq     INTEGER PRIMARY KEY,
  at      INTEGER NOT NULL,
  user    TEXT NOT NULL,
  action  TEXT NOT NULL,
  target  TEXT NOT NULL,
  outcome TEXT
) STRICT;
`
