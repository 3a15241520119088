/**
 * Holds a run to what is promised: nothing acknowledged is lost, and every job has one outcome, whatever was killed and
 * when. Works on the event log and on the file as the last process left it; nothing here looks into the library.
 */
import type { CrashEvent } from './events.ts'
import type { FinalFile, FinalJob } from './final-file.ts'
import { type History, historyOf, type JobHistory, type Run, threadOf } from './job-history.ts'

export type Invariant = 'I1' | 'I2' | 'I3' | 'I4' | 'I5' | 'I6' | 'I7' | 'I8' | 'I11' | 'I12'

export interface Violation {
  invariant: Invariant
  text: string
}

export interface Expectations {
  /** Jobs that one process runs at once. */
  threads: number
  /**
   * Jobs that may run again after one fault. Default: `threads`. Very short jobs are answered in batches, and all that
   * ran since the last commit runs again.
   */
  lossPerFault?: number
  /** Deaths after which a job of this task is failed. Default 3. */
  crashLimit?: (task: string) => number
  /** Code of the error that this task fails with though it throws nothing, such as that of its time limit. Default none. */
  failsWith?: (task: string) => string | undefined
}

export interface Verdict {
  violations: Violation[]
  jobs: number
  runs: number
  /** Processes that were killed or stopped, and threads that died. */
  faults: number
  /** Processes among them that had begun a job. */
  worked: number
  /** Runs beyond the first that no retry policy explains. */
  extraRuns: number
  /** Most extra runs that one fault caused. */
  worst: number
  /**
   * Files of dead processes beside the database: none, unless one died before it was on the books, or its rescuer died
   * right after the rescue.
   */
  litter: string[]
}

const DEATHS_ALLOWED = 3
/** `finished_at` is the time at which the transaction began, so a run cannot begin this much later. */
const CLOCK_SLACK = 5

export function check(
  events: CrashEvent[],
  file: FinalFile,
  { threads, lossPerFault = threads, crashLimit = () => DEATHS_ALLOWED, failsWith = () => undefined }: Expectations,
): Verdict {
  const history = historyOf(events)
  const violations: Violation[] = []
  const found = (invariant: Invariant, text: string): void => void violations.push({ invariant, text })

  const stored = new Map<string, FinalJob[]>()
  for (const job of file.jobs) {
    const rows = stored.get(job.key)
    if (rows) rows.push(job)
    else stored.set(job.key, [job])
  }
  for (const key of stored.keys()) {
    const asked = history.jobs.get(key)?.asked ?? null
    if (asked === null && stored.get(key)?.[0]?.schedule === null)
      found('I2', `job ${key} is stored and was never asked for`)
  }
  const extra = new Map<string, number>()
  for (const job of history.jobs.values()) {
    const rows = stored.get(job.key) ?? []
    checkExistence(job, rows, file, found)
    checkRuns(job, rows[0], history, extra, crashLimit, found)
    const [row] = rows
    if (row) checkOutcome(job, row, history, crashLimit(row.task), failsWith(row.task), found)
  }
  checkFile(file, history, found)

  const extraRuns = [...extra.values()].reduce((sum, count) => sum + count, 0)
  const pids = new Set([...history.jobs.values()].flatMap((job) => job.runs.map((run) => run.pid)))
  const faults = [...history.faults.values()].flat().length + history.threadDeaths.size
  if (extraRuns > faults * lossPerFault)
    found('I12', `${extraRuns} extra runs, more than ${lossPerFault} for each of ${faults} faults`)
  return {
    violations,
    jobs: history.jobs.size,
    runs: [...history.jobs.values()].reduce((sum, job) => sum + job.runs.length, 0),
    faults,
    worked: [...history.faults.keys()].filter((pid) => pids.has(pid)).length,
    extraRuns,
    worst: Math.max(0, ...extra.values()),
    litter: file.litter,
  }
}

type Found = (invariant: Invariant, text: string) => void

/** I1, I2: what was acknowledged is there, what was taken back or never asked for is not, and nothing is there twice. */
function checkExistence(job: JobHistory, rows: FinalJob[], file: FinalFile, found: Found): void {
  const { key, acknowledged, rolledBack, within, runs, asked } = job
  if (acknowledged.length > 0 && rows.length === 0) found('I1', `job ${key} was acknowledged and is not in the file`)
  for (const { id } of acknowledged) {
    if (rows.length > 0 && !rows.some((row) => row.id === id))
      found('I1', `job ${key} was acknowledged as ${id} and stored as ${rows.map((row) => row.id).join(', ')}`)
  }
  if (rows.length > 1) found('I3', `job ${key} is stored ${rows.length} times`)
  if (rolledBack && (rows.length > 0 || runs.length > 0))
    found('I2', `job ${key} exists although its transaction was rolled back`)
  if (within && file.orders.has(key) !== rows.length > 0)
    found(
      rows.length > 0 ? 'I2' : 'I1',
      `job ${key} is ${rows.length > 0 ? 'stored' : 'missing'} and the row of its transaction is not`,
    )
  const scheduled = rows[0]?.schedule !== null && rows.length > 0
  if (runs[0] && !scheduled && (asked === null || asked > runs[0].began))
    found('I2', `job ${key} ran before it was asked for`)
}

/** I4, I5, I6, I12: when and how often it ran. Counts the runs that only a fault explains, by what caused them. */
function checkRuns(
  job: JobHistory,
  row: FinalJob | undefined,
  history: History,
  extra: Map<string, number>,
  crashLimit: (task: string) => number,
  found: Found,
): void {
  const { key, runs, reports } = job
  let lost = 0
  runs.forEach((run, i) => {
    const report = reports.find((r) => r.line < run.began)
    if (report) found('I4', `job ${key} began run ${run.run} after ${report.state} was reported`)
    if (row?.finishedAt != null && run.at > row.finishedAt + CLOCK_SLACK)
      found('I4', `job ${key} began run ${run.run} ${run.at - row.finishedAt} ms after it had ended`)
    const last = runs[i - 1]
    if (!last) return
    const cause = causeOf(last, run, row, history)
    if (cause === null) found('I12', `job ${key} ran again (${run.run}) though nothing died under ${last.run}`)
    else if (cause !== 'retry') {
      lost++
      extra.set(cause, (extra.get(cause) ?? 0) + 1)
    }
    const overlapping = (last.end?.line ?? run.began) >= run.began && faultUnder(last, run, history) === null
    if (overlapping) found('I6', `job ${key} ran as ${last.run} and ${run.run} at the same time`)
    // An outcome that died with its process on the way to the file gives its attempt back.
    if (run.attempt < last.attempt || (run.attempt === last.attempt && cause === 'retry'))
      found('I5', `job ${key} ran as attempt ${last.attempt} and then as attempt ${run.attempt}`)
  })
  const deaths = runs.filter((run) => run.end?.how === 'died').length
  if (row && deaths > crashLimit(row.task))
    found('I5', `job ${key} was begun again after ${deaths - 1} deaths under it`)
  if (row && runs.length > row.maxAttempts + lost)
    found('I5', `job ${key} ran ${runs.length} times: ${row.maxAttempts} attempts are allowed, ${lost} runs were lost`)
}

/** Why a run was followed by another: 'retry', the fault that took it, or null for no reason. */
function causeOf(last: Run, next: Run, row: FinalJob | undefined, history: History): string | null {
  const fault = faultUnder(last, next, history)
  if (last.end?.how === 'threw') {
    // The error may have reached the file, or have died with its process on the way: then its attempt is given again.
    const noted = row?.attempts.some(({ number, outcome }) => number === last.attempt && outcome === 'retry')
    if (fault === null || (noted && next.attempt > last.attempt)) return 'retry'
  }
  return fault
}

/** What died under a run, or took its outcome with it, before the next one began. */
function faultUnder(last: Run, next: Run, { faults, threadDeaths }: History): string | null {
  const thread = threadOf(last.run)
  if ((faults.get(last.pid)?.[0] ?? next.began) < next.began) return `process ${last.pid}`
  return (threadDeaths.get(thread) ?? next.began) < next.began ? `thread ${thread}` : null
}

/** I3, I7 and the row's own consistency: the job ended, once, in a way that one of its runs accounts for. */
function checkOutcome(
  job: JobHistory,
  row: FinalJob,
  history: History,
  crashLimit: number,
  failsWith: string | undefined,
  found: Found,
): void {
  const { key, runs, reports } = job
  const value = row.state === 'SUCCESS' ? row.result : row.error?.message
  for (const report of reports) {
    if (report.state !== row.state || report.value !== value)
      found(
        'I3',
        `job ${key} was reported as ${report.state} ${show(report.value)} and is stored as ${row.state} ${show(value)}`,
      )
  }
  if (row.state === 'SUCCESS') {
    const committed = runs.find((run) => run.run === row.result)
    if (committed?.end?.how !== 'returned')
      found('I3', `job ${key} ended as SUCCESS with ${show(row.result)}, which no run of it returned`)
    else if (committed.attempt !== row.attempt)
      found('I11', `job ${key} ended by attempt ${committed.attempt} and its row says ${row.attempt}`)
  } else if (row.state === 'FAILURE' && row.error?.code === 'WORKER_LOST') {
    // A process may die after it noted that it begins the job and before the task's first statement.
    const unseen = row.attempts.filter((a) => a.outcome === 'crash' && !runs.some((run) => run.attempt === a.number))
    const deaths = runs.filter((run) => run.end?.how === 'died' || history.faults.has(run.pid)).length + unseen.length
    if (deaths < crashLimit)
      found('I3', `job ${key} was failed as lost after ${deaths} deaths; ${crashLimit} are allowed`)
    if (row.crashes !== row.attempts.filter((a) => a.outcome === 'crash').length)
      found('I11', `job ${key} counts ${row.crashes} crashes and lists ${show(row.attempts)}`)
  } else if (row.state === 'FAILURE' && (failsWith === undefined || row.error?.code !== failsWith)) {
    const thrown = runs.find((run) => row.error?.message === `planned by ${run.run}`)
    if (thrown?.end?.how !== 'threw')
      found('I3', `job ${key} ended as FAILURE with ${show(row.error?.message)}, which no run of it threw`)
  } else if (row.state !== 'FAILURE') {
    found('I7', `job ${key} did not end: it is ${row.state} after ${runs.length} runs`)
  }
}

/** I8, I11: the file by itself. */
function checkFile(file: FinalFile, { jobs }: History, found: Found): void {
  if (file.integrity !== 'ok') found('I11', `integrity_check says ${file.integrity}`)
  if (file.processes > 0) found('I11', `${file.processes} processes are on the books after the last one stopped`)
  for (const row of file.jobs) {
    const numbers = row.attempts.map((attempt) => attempt.number)
    if (new Set(numbers).size < numbers.length || numbers.some((number) => number > row.attempt))
      found('I11', `job ${row.key} is at attempt ${row.attempt} and lists ${show(row.attempts)}`)
    const crashes = row.attempts.filter((attempt) => attempt.outcome === 'crash').length
    if (row.state === 'SUCCESS' && crashes !== row.crashes)
      found('I11', `job ${row.key} counts ${row.crashes} crashes and lists ${show(row.attempts)}`)
  }
  for (const state of ['SUCCESS', 'FAILURE', 'REVOKED', 'EXPIRED']) {
    const rows = file.jobs.filter((job) => job.state === state).length
    const counted = file.counters[state] ?? 0
    if (counted !== rows) found('I11', `${rows} jobs are ${state} and ${counted} are counted`)
  }
  const fired = file.slots.filter((slot) => slot.outcome === 'fired')
  for (const { schedule, slot } of fired) {
    const count = file.jobs.filter((job) => job.schedule === schedule && job.scheduledFor === slot).length
    if (count !== 1) found('I8', `slot ${slot} of schedule ${schedule} is noted as fired and has ${count} jobs`)
  }
  for (const row of file.jobs) {
    if (row.schedule === null) continue
    if (!fired.some((slot) => slot.jobId === row.id))
      found('I8', `job ${row.key} of schedule ${row.schedule} has no slot that fired`)
    if (!jobs.has(row.key)) found('I7', `job ${row.key} of schedule ${row.schedule} never ran`)
  }
}

function show(value: unknown): string {
  return JSON.stringify(value) ?? 'nothing'
}

export function describeViolations({ violations }: Verdict): string {
  const shown = violations.slice(0, 20).map(({ invariant, text }) => `${invariant}: ${text}`)
  if (violations.length > shown.length) shown.push(`… and ${violations.length - shown.length} more`)
  return shown.join('\n')
}
