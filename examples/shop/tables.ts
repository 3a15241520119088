/** The shop's own tables. */
export const shopTables = `
  CREATE TABLE IF NOT EXISTS sales (
    day TEXT NOT NULL, category TEXT NOT NULL, product TEXT NOT NULL,
    price INTEGER NOT NULL, orders INTEGER NOT NULL, revenue INTEGER NOT NULL,
    PRIMARY KEY (day, product)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS loads (
    hash TEXT PRIMARY KEY, file TEXT NOT NULL, lines INTEGER NOT NULL, loaded_at TEXT NOT NULL
  );
  CREATE TABLE IF NOT EXISTS report_jobs (
    day TEXT NOT NULL, job TEXT PRIMARY KEY, asked_at TEXT NOT NULL
  );
  CREATE TABLE IF NOT EXISTS users (
    id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE COLLATE NOCASE, name TEXT NOT NULL
  );
`
