/** Opens files one after another, as they are named to it, and says what became of each. */
import { Celeriac, CeleriacError } from 'celeriac'

const quiet = (): void => {}

/** Longest time that a file may hold a call up, in ms. */
const PATIENCE = 30_000

function inTime<T>(work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no answer within ${PATIENCE} ms`)), PATIENCE)
    work.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}

async function open(database: string): Promise<string> {
  const crashes: unknown[] = []
  const app = new Celeriac({ database, logger: { debug: quiet, info: quiet, warn: quiet, error: quiet } })
  app.on('engine-crashed', ({ error }) => void crashes.push(error))
  const echo = app.task('echo', { runIn: 'main' }, (value: number) => value)
  try {
    await inTime(app.start())
    const { jobs } = await inTime(app.inspect.jobs({}, { limit: 50 }))
    for (const { id } of jobs.slice(0, 5)) await inTime(app.result(id).info())
    await inTime(app.inspect.queues())
    await inTime(app.schedules.list())
    const handle = await inTime(echo.delay(1))
    return (await inTime(handle.get())) === 1 ? 'worked' : 'gave another result'
  } catch (error) {
    return typed(error)
  } finally {
    await inTime(app.stop({ drain: 0, grace: 0 })).catch((error: unknown) => void crashes.push(error))
    for (const error of crashes) if (typed(error).startsWith('threw')) process.send?.({ about: typed(error) })
  }
}

function typed(error: unknown): string {
  return error instanceof CeleriacError ? error.code : `threw ${error instanceof Error ? error.stack : String(error)}`
}

process.on('message', async (database: string) => process.send?.(await open(database)))
process.on('unhandledRejection', (error) => process.send?.({ about: `left behind: ${typed(error)}` }))
