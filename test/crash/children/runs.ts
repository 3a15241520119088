/** How the tasks of a child write down when they begin and how they end. */
import { threadId } from 'node:worker_threads'
import { currentTask } from 'celeriac'
import type { EventLog } from '../events.ts'

export interface Runs {
  /** Writes that a run began, and gives the name that only this run has. */
  begin(key: string): string
  /** Writes what it did, which is its result too. */
  returns(key: string, run: string): string
}

/** @param life tells apart what may share a thread's number: by default the process */
export function runsIn(log: EventLog, life: () => number = () => process.pid): Runs {
  let runs = 0
  return {
    begin(key) {
      const run = `${life()}.${threadId}.${++runs}`
      log.write({ what: 'began', key, run, attempt: currentTask().attempt })
      return run
    },
    returns(key, run) {
      log.write({ what: 'effect', key, run, ends: 'returns' })
      return run
    },
  }
}

export function spin(milliseconds: number): void {
  const end = performance.now() + milliseconds
  while (performance.now() < end);
}
