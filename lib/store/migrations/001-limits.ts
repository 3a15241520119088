/** What somebody ordered for a queue or a task while the app runs; it holds for all processes and outlives them. */
export const createLimits = `
CREATE TABLE celeriac_controls (
  kind      TEXT NOT NULL,
  name      TEXT NOT NULL,
  paused_at INTEGER,
  PRIMARY KEY (kind, name)
) STRICT, WITHOUT ROWID;
`
