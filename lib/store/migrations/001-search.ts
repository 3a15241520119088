import { ENDED_BADLY } from '../jobs/state-terms.ts'

/**
 * What searching needs beside the walk over the newest jobs: indexes of what is rare, so that a plain job that succeeds
 * is in none of them and pays for none.
 */
export const createSearch = `
CREATE INDEX celeriac_jobs_by_ending   ON celeriac_jobs (state) WHERE ${ENDED_BADLY};
CREATE INDEX celeriac_jobs_by_parent   ON celeriac_jobs (parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX celeriac_jobs_by_root     ON celeriac_jobs (root_id) WHERE root_id IS NOT NULL;
CREATE INDEX celeriac_jobs_by_schedule ON celeriac_jobs (schedule) WHERE schedule IS NOT NULL;
CREATE INDEX celeriac_jobs_by_error    ON celeriac_jobs (seq) WHERE error IS NOT NULL;
CREATE INDEX celeriac_jobs_by_options  ON celeriac_jobs (seq) WHERE options IS NOT NULL;
`
