import type { CrashEvent } from './events.ts'

/** One execution of a job. */
export interface Run {
  run: string
  attempt: number
  pid: number
  at: number
  /** Line of the log. */
  began: number
  /** How it ended, when it wrote that down. */
  end: { how: 'returned' | 'threw' | 'died'; line: number } | null
}

/** All that was written down about one job. */
export interface JobHistory {
  key: string
  asked: number | null
  within: boolean
  acknowledged: { id: string; line: number }[]
  rolledBack: boolean
  runs: Run[]
  reports: { state: string; value: unknown; line: number }[]
}

export interface History {
  jobs: Map<string, JobHistory>
  /** Processes that were killed, killed themselves, or were stopped for longer than a lease, with the lines that say so: a death once, each stop. */
  faults: Map<number, number[]>
  /** Threads that a task ended, as `pid.thread`, with the line that says so. */
  threadDeaths: Map<string, number>
}

export function historyOf(events: CrashEvent[]): History {
  const jobs = new Map<string, JobHistory>()
  const runs = new Map<string, Run>()
  const faults = new Map<number, number[]>()
  const dead = new Set<number>()
  const fault = (pid: number, line: number): void => {
    const lines = faults.get(pid)
    if (lines) lines.push(line)
    else faults.set(pid, [line])
  }
  const die = (pid: number, line: number): void => {
    if (!dead.has(pid)) fault(pid, line)
    dead.add(pid)
  }
  const threadDeaths = new Map<string, number>()
  const jobOf = (key: string): JobHistory => {
    let job = jobs.get(key)
    if (!job) {
      job = { key, asked: null, within: false, acknowledged: [], rolledBack: false, runs: [], reports: [] }
      jobs.set(key, job)
    }
    return job
  }
  const end = (run: string, how: 'returned' | 'threw' | 'died', line: number): void => {
    const known = runs.get(run)
    // A process may die after its task has returned: the run ended all the same.
    if (known) known.end ??= { how, line }
  }
  events.forEach((event, line) => {
    switch (event.what) {
      case 'kill':
        die(event.victim, line)
        return
      case 'stop':
        fault(event.victim, line)
        return
      case 'dying':
        end(event.run, 'died', line)
        if (event.scope === 'thread') threadDeaths.set(threadOf(event.run), line)
        else die(event.pid, line)
        return
      case 'effect':
        end(event.run, event.ends === 'returns' ? 'returned' : 'threw', line)
        return
      case 'began': {
        const run: Run = {
          run: event.run,
          attempt: event.attempt,
          pid: event.pid,
          at: event.at,
          began: line,
          end: null,
        }
        runs.set(event.run, run)
        jobOf(event.key).runs.push(run)
        return
      }
      case 'asked': {
        const job = jobOf(event.key)
        job.asked ??= line
        job.within = event.within === true
        return
      }
      case 'acknowledged':
        jobOf(event.key).acknowledged.push({ id: event.id, line })
        return
      case 'rolled-back':
        jobOf(event.key).rolledBack = true
        return
      case 'reported':
        jobOf(event.key).reports.push({ state: event.state, value: event.value, line })
    }
  })
  return { jobs, faults, threadDeaths }
}

/** The thread of a run, as `pid.thread`. */
export function threadOf(run: string): string {
  return run.split('.').slice(0, 2).join('.')
}
