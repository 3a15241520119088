/**
 * Reads hostile values in a process that may die of them: `reader.js decode <seed> <count>` by the codec alone,
 * `reader.js rows <seed> <count> <database>` as arguments and results of a whole application. Says what it found by IPC.
 */
import { isMainThread } from 'node:worker_threads'
import Database from 'better-sqlite3'
import { type AsyncResult, Celeriac, CeleriacError } from 'celeriac'
import { createDashboard } from 'celeriac/dashboard'
import { type Codec, decode, type Payload } from '../../../lib/wire/codec.ts'
import { seeded } from '../../crash/random.ts'
import { hostileValue } from './hostile-values.ts'

/** Longest to read one value, in ms of CPU time: the machine may be busy with others. */
const LONGEST = 2_000
/** Longest time to come to an end with one job, in ms. */
const PATIENCE = 30_000

// A pool thread has none of the arguments, and opens nothing by the last.
const [what, seed, count, database = 'jobs.db'] = process.argv.slice(2) as [string, string, string, string?]
const quiet = (): void => {}
const found = (text: string): void => void process.send?.({ found: text.slice(0, 500) })
const at = (number: number): void => void process.send?.({ at: number })
const typed = (error: unknown): string | null =>
  error instanceof CeleriacError
    ? null
    : `threw ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`
const polluted = (): boolean => 'polluted' in {}

const app = new Celeriac({
  name: 'reader',
  database,
  tasks: import.meta.url,
  concurrency: 1,
  logger: { debug: quiet, info: quiet, warn: quiet, error: quiet },
  shutdown: { drain: 0, grace: 0 },
})
const echo = app.task('echo', (...values: unknown[]) => values.length)
const later = app.task('later', { codec: 'v8' }, (...values: unknown[]) => values.length)

function decodeAll(): void {
  const random = seeded(Number(seed))
  for (let i = 0; i < Number(count); i++) {
    const { payload, codec } = hostileValue(random)
    if (i % 200 === 0) at(i)
    const before = process.cpuUsage()
    let wrong: string | null = null
    try {
      decode(payload as Payload, codec as Codec)
    } catch (error) {
      wrong = typed(error)
    }
    const { user, system } = process.cpuUsage(before)
    if (wrong === null && (user + system) / 1_000 > LONGEST) wrong = 'took too long'
    if (wrong === null && polluted()) wrong = 'changed the prototype of all objects'
    if (wrong !== null) found(`value ${i} (${codec}): ${wrong}`)
  }
}

async function readRows(): Promise<void> {
  const random = seeded(Number(seed))
  // Stored as good values, and changed behind the library's back; half of them are results, half are arguments.
  const stored = await Promise.all(
    Array.from({ length: Number(count) }, (_, i) => (i % 3 === 0 ? later : echo).applyAsync([i], { countdown: '1h' })),
  )
  await app.stop()
  const db = new Database(database)
  const values = stored.map(() => hostileValue(random))
  db.transaction(() => {
    stored.forEach(({ id }, i) => {
      const { payload, codec } = values[i] as (typeof values)[number]
      const change =
        i % 2 === 0
          ? `state = 'PENDING', run_at = NULL, args = ?, codec = ?`
          : `state = 'SUCCESS', run_at = NULL, started_at = 1, finished_at = ${Date.now()}, result = ?, codec = ?`
      db.prepare(`UPDATE celeriac_jobs SET ${change} WHERE id = ?`).run(payload, codec, id)
    })
  }).immediate()
  db.close()

  const again = new Celeriac({
    name: 'reader',
    database,
    tasks: import.meta.url,
    concurrency: 1,
    redact: ['*.password'],
    logger: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    shutdown: { drain: 0, grace: 0 },
  })
  again.task('echo', (...values: unknown[]) => values.length)
  again.task('later', { codec: 'v8' }, (...values: unknown[]) => values.length)
  again.on('engine-crashed', ({ error }) => found(`the engine crashed: ${String(error)}`))
  const dashboard = createDashboard(again, { auth: () => true })
  await again.start()
  for (const [i, { id }] of stored.entries()) {
    at(i)
    const value = values[i] as (typeof values)[number]
    const said = (text: string): void =>
      found(`row ${i} (${value.codec} ${String(value.payload).slice(0, 40)}): ${text}`)
    const handle: AsyncResult = again.result(id)
    await handle.get({ timeout: PATIENCE }).catch((error: unknown) => {
      const wrong = typed(error)
      if (wrong !== null) said(`get() ${wrong}`)
      else if ((error as { code: string }).code === 'RESULT_TIMEOUT') said('its job did not end')
    })
    await handle.info().catch((error: unknown) => said(`info() threw ${String(error)}`))
    for (const path of [`/task/${id}`, `/task/${id}/args.json`, `/task/${id}/result.json`]) {
      const { status } = await dashboard.fetch(new Request(`http://localhost${path}`))
      if (status !== 200) said(`${path.replace(id, 'id')} answers ${status}`)
    }
  }
  await again.inspect.jobs({}, { limit: 100 }).catch((error: unknown) => found(`inspect.jobs() threw ${String(error)}`))
  for (const path of ['/', '/task/?size=100', '/queues/', '/events/']) {
    const { status } = await dashboard.fetch(new Request(`http://localhost${path}`))
    if (status !== 200) found(`with hostile rows ${path} answers ${status}`)
  }
  dashboard.close()
  await again.stop()
  if (polluted()) found('the rows changed the prototype of all objects')
}

if (isMainThread) {
  process.on('unhandledRejection', (error) => found(`left behind: ${String(error)}`))
  if (what === 'decode') decodeAll()
  else await readRows()
  at(Number(count))
  process.disconnect?.()
}
