import { WAITING_STATES } from '../../domain/states.ts'
import { Controls } from '../controls.ts'
import { Counts } from '../counts.ts'
import type { Connection } from '../driver.ts'
import { Lines } from '../jobs/line.ts'
import { JobReads } from '../jobs/read.ts'
import { JobSearch } from '../jobs/search.ts'
import { Logs } from '../logs.ts'
import { Processes } from '../processes.ts'
import { Pruning } from '../prune.ts'
import { RedactedPaths } from '../redacted.ts'
import { Schedules } from '../schedules.ts'
import { Slots } from '../slots.ts'
import { ChangeFeed } from './changes.ts'
import { FileSizes } from './file-size.ts'
import { JobLines } from './job-lines.ts'
import { PulseReader } from './pulse.ts'
import { Queues } from './queues.ts'
import { Spared } from './spared.ts'
import { Statistics } from './statistics.ts'

/** What answers, each made when it is first asked for: together they hold some hundred statements, of which a command needs few. */
export const PARTS = {
  waiting: (db: Connection) => new Lines(db),
  controls: (db: Connection) => new Controls(db),
  counts: (db: Connection) => new Counts(db),
  feed: (db: Connection) => new ChangeFeed(db),
  files: (db: Connection) => new FileSizes(db),
  jobs: (db: Connection) => new JobReads(db),
  lines: (db: Connection) => new JobLines(db),
  logs: (db: Connection) => new Logs(db),
  processes: (db: Connection) => new Processes(db),
  pruning: (db: Connection) => new Pruning(db),
  pulse: (db: Connection) => new PulseReader(db),
  redacted: (db: Connection) => new RedactedPaths(db),
  search: (db: Connection) => new JobSearch(db),
  schedules: (db: Connection) => new Schedules(db),
  slots: (db: Connection) => new Slots(db),
  statistics: (db: Connection) => new Statistics(db),
  states: (db: Connection) => {
    const counts = new Counts(db)
    return new Spared(
      () => counts.byState(),
      (states) => WAITING_STATES.reduce((sum, state) => sum + states[state], 0),
    )
  },
  depths: (db: Connection) => {
    const queues = new Queues(db)
    return new Spared(
      () => queues.depths(new Set()),
      (found) => found.reduce((sum, { pending }) => sum + pending, 0),
    )
  },
}

export type Parts = { readonly [Name in keyof typeof PARTS]: ReturnType<(typeof PARTS)[Name]> }

export function partsOf(db: Connection): Parts {
  const parts = {}
  for (const [name, make] of Object.entries<(db: Connection) => unknown>(PARTS)) {
    let made: unknown
    Object.defineProperty(parts, name, {
      get: () => {
        made ??= make(db)
        return made
      },
    })
  }
  return parts as Parts
}
