import { userInfo } from 'node:os'
import type { Celeriac } from '../celeriac.ts'

/** Makes a change as the user of this machine, and leaves a trace in the file's audit. */
export function recorded<T>(
  app: Celeriac,
  action: string,
  target: string,
  change: () => Promise<T>,
  outcomeOf?: (result: T) => string,
): Promise<T> {
  return app.audit.record({ user: `cli:${userName()}`, action, target }, change, outcomeOf)
}

/** A process may run as a user that the system has no name for. */
function userName(): string {
  try {
    return userInfo().username
  } catch {
    return String(process.getuid?.() ?? 'unknown')
  }
}
