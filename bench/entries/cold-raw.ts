/** Process start → first result with piscina and an open database, no library. Arguments: database. */

import { rawJobs } from '../raw/jobs.ts'
import { rawPool } from '../raw/pool.ts'
import { argument, report } from './entry.ts'

const jobs = rawJobs(argument(0), 1)
const pool = rawPool(1)
jobs.insert()
const claimed = jobs.claim(1)
const result: unknown = await pool.run(undefined, { name: 'noop' })
jobs.finish(claimed, JSON.stringify(result))
report({ ms: performance.now() })
await pool.destroy()
jobs.close()
process.disconnect()
