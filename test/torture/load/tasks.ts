/** The application under load: short tasks that write down when they begin and end. */
import { Celeriac, currentTask } from 'celeriac'
import { runsIn, spin } from '../../crash/children/runs.ts'
import { EventLog } from '../../crash/events.ts'

const quiet = (): void => {}

export const log = new EventLog(process.env.CRASH_LOG!)

export const app = new Celeriac({
  name: 'load',
  database: process.env.CRASH_DATABASE!,
  tasks: import.meta.url,
  concurrency: Number(process.env.CRASH_THREADS),
  logger: { debug: quiet, info: quiet, warn: quiet, error: (message) => console.error(message) },
})

const { begin, returns } = runsIn(log)

/** @param _padding makes the row larger, so that the files grow */
export const short = app.task('short', (key: string, milliseconds: number, _padding: string) => {
  const run = begin(key)
  spin(milliseconds)
  return returns(key, run)
})

/** Ends its thread the first time, so that another one has to be opened. */
export const exiting = app.task('exiting', (key: string) => {
  const run = begin(key)
  if (currentTask().attempt > 1) return returns(key, run)
  log.write({ what: 'dying', key, run, scope: 'thread' })
  process.exit(7)
})
