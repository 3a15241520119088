import { AppStopped, type AsyncResult, CeleriacError, TaskFailure } from 'celeriac'
import { lastEvents } from '../events.ts'
import { app, log } from './app.ts'

/** Waits for a job's end and writes down what was reported. */
export async function report(key: string, handle: AsyncResult): Promise<void> {
  try {
    log.write({ what: 'reported', key, state: 'SUCCESS', value: await handle.get() })
  } catch (error) {
    if (error instanceof AppStopped) return
    if (!(error instanceof CeleriacError)) throw error
    const failed = error instanceof TaskFailure
    const { message } = failed ? (error.cause as Error) : error
    log.write({ what: 'reported', key, state: failed ? 'FAILURE' : error.code, value: message })
  }
}

/** Jobs that were acknowledged, perhaps to a process that is dead now, and whose end nobody has been told. */
export function unreported(): { key: string; id: string }[] {
  const open = new Map<string, string>()
  for (const event of lastEvents(log.path, 200_000)) {
    if (event.what === 'acknowledged') open.set(event.key, event.id)
    else if (event.what === 'reported') open.delete(event.key)
  }
  return [...open].map(([key, id]) => ({ key, id }))
}

export function reportLater({ key, id }: { key: string; id: string }): Promise<void> {
  return report(key, app.result(id))
}
