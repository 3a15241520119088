import { formatJobFilter, type JobFilter } from '../../index.ts'
import type { ListedJob, RunningLine } from '../data.ts'
import { type Html, html } from '../html.ts'
import type { View } from '../page.ts'
import { stateLabel } from './state.ts'
import { duration, moment } from './time.ts'
import { asLine } from './value.ts'

/** Most characters of arguments in a list. */
const ARGS_SHOWN = 160
const TAGS_SHOWN = 5

export const jobAddress = (root: string, id: string): string => `${root}task/${encodeURIComponent(id)}`

export const searchAddress = (root: string, filter: JobFilter): string =>
  `${root}task/?q=${encodeURIComponent(formatJobFilter(filter))}`

/** Jobs as a table in full width; with `choose`, each row can be chosen for what is done to several. */
export function jobTable(view: View, jobs: readonly ListedJob[], choose: boolean): Html {
  const withArgs = jobs.some(({ args }) => args !== null)
  return html`<div class="scroll"><table class="jobs">
<thead><tr>${
    choose
      ? html`<th class="tick"><input type="checkbox" data-all hidden aria-label="Choose all of this page"></th>`
      : ''
  }<th>Task</th><th>State</th>${withArgs ? html`<th class="wide">Arguments</th>` : ''}<th class="wide">Queue</th><th class="number wide">Attempt</th><th class="number took">Took</th><th class="number when">When</th></tr></thead>
<tbody>${jobs.map(
    (job) => html`<tr data-key="${job.id}">${
      choose
        ? html`<td class="tick"><input type="checkbox" name="id" value="${job.id}" form="chosen" aria-label="Choose job ${job.id}"></td>`
        : ''
    }<td class="name">${nameOf(view, job)}</td>
<td>${stateLabel(job.state)}</td>
${withArgs ? html`<td class="cut wide"><code>${job.args === null ? '' : argsLine(job.args)}</code></td>` : ''}
<td class="wide line"><span title="${job.queue}">${job.queue}</span></td>
<td class="number wide">${job.attempt}${job.maxAttempts === null ? '' : html`<span class="quiet">/${job.maxAttempts}</span>`}</td>
<td class="number took">${took(job, view.now)}</td>
<td class="number">${moment(whenOf(job), view.now)}</td></tr>`,
  )}</tbody>
</table></div>`
}

/** On which thread of a process. */
export function threadName(thread: number | null): string {
  if (thread === null) return ''
  return thread === 0 ? 'main thread' : `thread ${thread}`
}

/** What runs now, each with the time that it has run. */
export function runningTable({ root, now }: View, running: readonly RunningLine[]): Html {
  return html`<div class="scroll"><table><thead><tr><th>Runs</th><th class="wide">Queue</th><th class="number wide">Thread</th><th class="number">Attempt</th><th class="number">For</th></tr></thead><tbody>${running.map(
    ({ id, task, queue, attempt, startedAt, thread }) =>
      html`<tr data-key="${id}"><td><a class="main" href="${jobAddress(root, id)}">${task}</a><span class="under mono">${id}</span></td><td class="wide">${queue}</td><td class="number wide">${thread === null ? '–' : thread === 0 ? 'main' : thread}</td><td class="number">${attempt}</td><td class="number">${startedAt === null ? html`<span class="quiet">about to begin</span>` : html`<span data-since="${new Date(startedAt).toISOString()}">${duration(now - startedAt)}</span>`}</td></tr>`,
  )}</tbody></table></div>`
}

/** Ended jobs in half the width, all of one state. */
export function shortJobTable(view: View, jobs: readonly ListedJob[]): Html {
  return html`<div class="scroll"><table>
<thead><tr><th>Task</th><th class="number wide">Attempt</th><th class="number took">Took</th><th class="number when">When</th></tr></thead>
<tbody>${jobs.map(
    (job) =>
      html`<tr data-key="${job.id}"><td>${nameOf(view, job)}</td><td class="number wide">${job.attempt}</td><td class="number">${took(job, view.now)}</td><td class="number">${moment(whenOf(job), view.now)}</td></tr>`,
  )}</tbody>
</table></div>`
}

function nameOf({ root }: View, { id, task, error, tags }: ListedJob): Html {
  return html`<a class="main" href="${jobAddress(root, id)}" title="${task} ${id}">${task}</a>${tags
    .slice(0, TAGS_SHOWN)
    .map((tag) => html` <a class="tag" href="${searchAddress(root, { tag })}">${tag}</a>`)}${
    error === null ? '' : html`<span class="under brief" title="${error}">${clip(error, ARGS_SHOWN)}</span>`
  }`
}

const clip = (text: string, longest: number): string => (text.length > longest ? `${text.slice(0, longest)}…` : text)

/** The arguments as they stand between the parentheses of a call. */
const argsLine = (args: unknown[]): string => clip(args.map((arg) => asLine(arg, ARGS_SHOWN)).join(', '), ARGS_SHOWN)

function took(job: ListedJob, now: number): Html | string {
  if (job.startedAt === null) return '–'
  if (job.state === 'STARTED') {
    return html`<span data-since="${job.startedAt.toISOString()}">${duration(now - job.startedAt.getTime())}</span>`
  }
  return job.finishedAt ? duration(job.finishedAt.getTime() - job.startedAt.getTime()) : '–'
}

/** The moment that says most about a job in its state. */
function whenOf(job: ListedJob): Date {
  if (job.state === 'SCHEDULED' || job.state === 'RETRY') return job.eta ?? job.enqueuedAt
  return job.finishedAt ?? job.startedAt ?? job.enqueuedAt
}
