/**
 * Schedules, and what became of each of their slots. `next_slot` is nominal, `fire_at` the same with the jitter; both are
 * null when nothing more is to come. `aimed_at` is when they were computed: a time ahead of now means the clock was set back.
 */
export const createSchedules = `
CREATE TABLE celeriac_schedules (
  name         TEXT PRIMARY KEY,
  spec         TEXT NOT NULL,
  rules        TEXT,
  misfire      TEXT NOT NULL,
  overlap      TEXT NOT NULL,
  job          TEXT NOT NULL,
  args         ANY NOT NULL,
  declared     INTEGER NOT NULL,
  declared_by  TEXT NOT NULL,
  declaration  TEXT,
  edited       INTEGER NOT NULL DEFAULT 0,
  disabled     INTEGER NOT NULL DEFAULT 0,
  paused       INTEGER NOT NULL DEFAULT 0,
  next_slot    INTEGER,
  fire_at      INTEGER,
  last_slot    INTEGER,
  queued_slot  INTEGER,
  runs         INTEGER NOT NULL DEFAULT 0,
  missed       INTEGER NOT NULL DEFAULT 0,
  last_success INTEGER,
  error        TEXT,
  aimed_at     INTEGER NOT NULL,
  created_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX celeriac_schedules_next   ON celeriac_schedules (fire_at) WHERE fire_at IS NOT NULL AND paused = 0;
CREATE INDEX celeriac_schedules_queued ON celeriac_schedules (queued_slot)
  WHERE queued_slot IS NOT NULL AND paused = 0 AND disabled = 0;

CREATE TABLE celeriac_slots (
  schedule TEXT NOT NULL,
  slot     INTEGER NOT NULL,
  outcome  TEXT NOT NULL,
  job_id   TEXT,
  named    INTEGER,
  until    INTEGER,
  slots    INTEGER NOT NULL DEFAULT 1,
  noted_at INTEGER NOT NULL,
  PRIMARY KEY (schedule, slot)
) STRICT, WITHOUT ROWID;
CREATE INDEX celeriac_slots_waiting ON celeriac_slots (schedule, slot) WHERE outcome = 'waiting';
CREATE INDEX celeriac_slots_age     ON celeriac_slots (noted_at);
`
