import type { JobInfo } from '../../job-info.ts'
import type { JobPage } from '../../reader.ts'
import type { Terminal } from '../terminal.ts'
import { toJson } from './json.ts'
import { type Cell, pairs, table } from './table.ts'
import { ago, moment, safe, safeLines, span } from './text.ts'
import { brief, stateCell, threadCell } from './views.ts'

/** Everything that is kept of one job, on one page. */
export function jobPage({ job, log, children }: JobPage, now: number, terminal: Terminal): string {
  const entries: [string, Cell][] = [
    ['id', job.id],
    ['task', job.task],
    ['state', stateCell(job.state)],
    ['queue', `${job.queue}, priority ${job.priority}`],
    ['arguments', toJson(job.args)],
    ['enqueued', `${moment(job.enqueuedAt)}  ${ago(job.enqueuedAt, now)} ago`],
  ]
  const when = (name: string, time: Date | null): void => {
    if (time) entries.push([name, moment(time)])
  }
  when('due', job.eta)
  when('expires', job.expires)
  when('started', job.startedAt)
  when('finished', job.finishedAt)
  entries.push(['attempts', `${job.attempt} of ${job.maxAttempts}${job.crashes > 0 ? `, ${job.crashes} crashed` : ''}`])
  if (job.schedule) entries.push(['schedule', `${job.schedule}, slot ${moment(job.scheduledFor)}`])
  if (job.uniqueKey !== null) entries.push(['unique by', job.uniqueKey])
  if (job.concurrencyKey !== null) entries.push(['held by key', job.concurrencyKey])
  if (job.parentId) entries.push(['parent', job.parentId])
  if (job.tags.length > 0) entries.push(['tags', job.tags.join(', ')])
  if (Object.keys(job.headers).length > 0) entries.push(['headers', brief(job.headers)])
  if (job.progress !== null) entries.push(['progress', brief(job.progress)])
  if (job.revokeReason) entries.push(['revoked', job.revokeReason])
  if (job.state === 'SUCCESS') entries.push(['result', toJson(job.result)])
  const parts = [pairs(entries, terminal)]
  if (job.error) parts.push(section('error', errorLines(job.error), terminal))
  if (job.attempts.length > 0) parts.push(attemptTable(job, terminal))
  if (log.length > 0) parts.push(section('log', log.map(logLine), terminal))
  if (children.length > 0)
    parts.push(
      section(
        'enqueued',
        children.map(({ id, task, state }) => safe(`${id}  ${task}  ${state}`)),
        terminal,
      ),
    )
  return parts.join('\n\n')
}

function section(heading: string, lines: string[], terminal: Terminal): string {
  return [terminal.paint('heading', heading.toUpperCase()), ...lines].join('\n')
}

export function logLine({ at, level, text }: { at: number; level: string; text: string }): string {
  return `${new Date(at).toISOString()} ${level.padEnd(5)} ${safe(text)}`
}

/** The error, its stack and its causes. */
export function errorLines(error: Error): string[] {
  const lines = safeLines(error.stack ?? `${error.name}: ${error.message}`)
  return error.cause instanceof Error
    ? [...lines, ...errorLines(error.cause).map((line, i) => (i ? line : `caused by ${line}`))]
    : lines
}

function attemptTable({ attempts }: JobInfo, terminal: Terminal): string {
  return table(
    [
      { heading: 'ATTEMPT', right: true },
      { heading: 'OUTCOME' },
      { heading: 'THREAD', right: true },
      { heading: 'STARTED' },
      { heading: 'TOOK', right: true },
      { heading: 'ERROR', flexible: true },
    ],
    attempts.map(({ number, outcome, thread, startedAt, endedAt, error }) => [
      number,
      outcome,
      threadCell(thread),
      moment(startedAt),
      startedAt && endedAt ? span(endedAt.getTime() - startedAt.getTime()) : '-',
      error ? `${error.name}: ${error.message}` : '',
    ]),
    terminal,
  )
}
