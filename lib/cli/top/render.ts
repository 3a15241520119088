import { threadUse } from '../../domain/thread-use.ts'
import type { QueueDepth } from '../../wire/reading.ts'
import { table } from '../output/table.ts'
import { ago, bytes, count, moment, safe, span } from '../output/text.ts'
import { threadCell } from '../output/views.ts'
import type { Meaning, Painter } from '../painter.ts'
import { KEYS } from './keys.ts'
import { chosenIn, runningJobs, type Seen, type TopState } from './state.ts'

/** Rows of queues at most, so that jobs keep room. */
const MOST_QUEUES = 8

/** The whole screen as text, of `height` lines at most. Depends on nothing but what it is given. */
export function render(state: TopState, screen: Painter & { height: number }): string {
  const { seen } = state
  if (!seen) return 'looking …'
  const lines = [...head(seen, screen), '']
  if (state.help) lines.push(...KEYS.map(([key, meaning]) => `  ${key.padEnd(8)} ${meaning}`), '')
  lines.push(...queueLines(state, seen, screen), '')
  // Of what is left, the foot takes two lines, the heading one, and one says how many more there are.
  lines.push(...jobLines(state, seen, screen, screen.height - lines.length - 4))
  const foot = state.notice ? screen.paint('strong', safe(state.notice)) : screen.paint('quiet', keyLine())
  return [...lines.slice(0, Math.max(1, screen.height - 2)), '', foot].join('\n')
}

function keyLine(): string {
  return 'q quit  s sort  tab jobs/queues  j k choose  P pause  U resume  R revoke  T terminate  ? help'
}

function head(seen: Seen, screen: Painter): string[] {
  const { overview, workers, throughput, endedPerSecond } = seen
  const live = workers.filter(({ silentSince }) => silentSince === null)
  const pools = live.map((worker) => ({ ...worker, threads: worker.role === 'beat' ? 0 : worker.threads }))
  const threads = pools.reduce((sum, pool) => sum + pool.threads, 0)
  const uses = pools.map((pool) => threadUse(pool.running, pool.threads))
  const busy = uses.reduce((sum, use) => sum + use.busy, 0)
  const main = uses.reduce((sum, use) => sum + use.main, 0)
  const last = throughput.filter(({ run }) => run !== null).at(-1)
  const rate = endedPerSecond === null ? '' : `${rounded(endedPerSecond)}/s`
  const { states, file } = overview
  const failures = throughput.reduce((sum, { failure }) => sum + failure, 0)
  return [
    `${screen.paint('strong', safe(file.path))}  ${bytes(file.bytes)}, wal ${bytes(file.walBytes)}  ${moment(overview.at)}`,
    [
      count(live.length, 'process'),
      ...(live.length < workers.length ? [screen.paint('bad', `${workers.length - live.length} silent`)] : []),
      `${busy} of ${count(threads, 'thread')} busy`,
      ...(main > 0 ? [`${main} on main`] : []),
      `${states.PENDING} waiting`,
      ...(states.BLOCKED > 0 ? [`${states.BLOCKED} blocked`] : []),
      `${states.SCHEDULED + states.RETRY} scheduled`,
      `oldest ${ago(overview.oldestWaiting, overview.at)}`,
    ].join(' · '),
    [
      ...(rate ? [`${rate} ended`] : []),
      ...(last?.run ? [`run p50 ${span(last.run.p50)} p95 ${span(last.run.p95)}`] : []),
      ...(last?.wait ? [`wait p95 ${span(last.wait.p95)}`] : []),
      screen.paint(failures > 0 ? 'bad' : 'quiet', `${count(failures, 'failure')} in ${throughput.length} min`),
    ].join(' · '),
  ]
}

function rounded(rate: number): string {
  return rate >= 10 || rate === 0 ? String(Math.round(rate)) : rate.toFixed(1)
}

function queueLines(state: TopState, seen: Seen, screen: Painter): string[] {
  const chosen = state.focus === 'queues' ? chosenIn(state) : null
  const shown = around(seen.queues, ({ queue }) => queue === chosen, MOST_QUEUES)
  if (shown.length === 0) return [screen.paint('quiet', 'no queue has jobs that wait or run')]
  const text = table(
    [
      { heading: ' ' },
      { heading: 'QUEUE', flexible: true },
      { heading: 'WAITING', right: true },
      { heading: 'RUNNING', right: true },
      { heading: 'OLDEST', right: true },
      { heading: 'NO HANDLER', right: true, optional: true },
    ],
    shown.map((queue) => [
      queue.queue === chosen ? '>' : '',
      [meaningOf(queue, seen.overview.at), queue.queue],
      queue.pending,
      queue.running,
      ago(queue.oldest, seen.overview.at),
      queue.tasks.filter(({ handled }) => !handled).reduce((sum, { pending }) => sum + pending, 0),
    ]),
    screen,
  )
  return [...text.split('\n'), ...rest(seen.queues.length - shown.length, screen)]
}

/** A line in which jobs have waited for a minute deserves a look. */
function meaningOf({ oldest }: QueueDepth, now: number): Meaning {
  return oldest !== null && now - oldest > 60_000 ? 'busy' : 'plain'
}

function jobLines(state: TopState, seen: Seen, screen: Painter, room: number): string[] {
  const jobs = runningJobs(state)
  const chosen = state.focus === 'jobs' ? chosenIn(state) : null
  if (jobs.length === 0) return [screen.paint('quiet', 'nothing runs')]
  const shown = around(jobs, ({ id }) => id === chosen, Math.max(1, room))
  const text = table(
    [
      { heading: ' ' },
      { heading: 'PID', right: true },
      { heading: 'THREAD', right: true, optional: true },
      { heading: state.sort === 'task' ? 'TASK*' : 'TASK', flexible: true },
      { heading: state.sort === 'queue' ? 'QUEUE*' : 'QUEUE', flexible: true, optional: true },
      { heading: 'ATTEMPT', right: true, optional: true },
      { heading: state.sort === 'time' ? 'FOR*' : 'FOR', right: true },
      { heading: 'ID' },
    ],
    shown.map((job) => [
      job.id === chosen ? '>' : '',
      job.pid,
      threadCell(job.thread),
      job.task,
      job.queue,
      job.attempt,
      ago(job.startedAt, seen.overview.at),
      job.id,
    ]),
    screen,
  )
  return [...text.split('\n'), ...rest(jobs.length - shown.length, screen)]
}

/** A window of `most` entries that holds the chosen one. */
function around<T>(list: readonly T[], chosen: (entry: T) => boolean, most: number): T[] {
  const at = Math.max(0, list.findIndex(chosen))
  const from = Math.max(0, Math.min(at - most + 1, list.length - most))
  return list.slice(from, from + most)
}

function rest(more: number, screen: Painter): string[] {
  return more > 0 ? [screen.paint('quiet', `  … ${more} more`)] : []
}
