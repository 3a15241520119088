/** Orders from one process to another: a row each, answered in place, removed by whoever asked or as too old by the next who asks. */
export const createCommands = `
CREATE TABLE celeriac_commands (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  process     INTEGER NOT NULL,
  verb        TEXT NOT NULL,
  args        TEXT NOT NULL,
  asked_at    INTEGER NOT NULL,
  answered_at INTEGER,
  answer      TEXT,
  error       TEXT
) STRICT;
CREATE INDEX celeriac_commands_open ON celeriac_commands (process) WHERE answered_at IS NULL;
`
