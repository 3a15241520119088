import { formatJobFilter, type State } from '../../index.ts'
import type { DashboardData, QueueRow, TaskRow } from '../data.ts'
import { type Html, html } from '../html.ts'
import type { PageParts, View } from '../page.ts'
import { meter, sparkline } from '../show/chart.ts'
import { count, plural } from '../show/figure.ts'
import { searchAddress } from '../show/jobs.ts'
import { duration } from '../show/time.ts'

export async function queuesPage(view: View, data: DashboardData): Promise<PageParts> {
  const [queues, tasks] = await Promise.all([data.queues(), data.tasks()])
  const most = Math.max(1, ...queues.map(({ pending }) => pending))
  return {
    title: 'Queues',
    section: 'queues',
    body: html`<section class="panel"><header><h2>${plural(queues.length, 'queue')}</h2><span class="quiet">with jobs that wait or run, with a setting of their own, or of tasks declared here</span></header>${
      queues.length === 0
        ? html`<p class="empty">Nothing waits and nothing runs, and no task is declared here.</p>`
        : html`<div class="scroll"><table class="fold"><thead><tr><th>Queue</th><th class="number">Waiting</th><th class="wide share"><span class="hidden">Share</span></th><th class="number">Running</th><th class="number">Oldest waits</th><th class="wide">Ended, 30 min</th><th class="wide">Limits</th><th></th></tr></thead><tbody>${queues.map((queue) => row(view, queue, most))}</tbody></table></div>`
    }</section>${tasks.length > 0 ? taskPanel(view, tasks) : ''}`,
  }
}

function row({ root, now, mayChange }: View, queue: QueueRow, most: number): Html {
  const age = queue.oldest === null ? null : Math.max(0, now - queue.oldest)
  const lost = queue.tasks.filter((task) => !task.handled && task.pending > 0)
  const jobs = (value: number, state: State): Html =>
    value === 0
      ? html`<span class="quiet">0</span>`
      : html`<a href="${searchAddress(root, { state, queue: queue.queue })}">${count(value)}</a>`
  const limits = [
    queue.concurrency === null ? '' : `${count(queue.concurrency)} at once`,
    queue.rateLimit ?? '',
  ].filter(Boolean)
  const names = queue.tasks.map(({ task, pending, running }) => `${task} ${count(pending + running)}`).slice(0, 6)
  return html`<tr data-key="${queue.queue}"><td><a class="main" href="${searchAddress(root, { queue: queue.queue })}">${queue.queue}</a>${queue.paused ? html` <span class="state again square"><i></i>paused</span>` : ''}<span class="under">${names.join(', ')}${queue.tasks.length > 6 ? ', …' : ''}</span>${lost.length > 0 ? lostText(lost) : ''}</td>
<td class="number" data-name="waiting">${jobs(queue.pending, 'PENDING')}</td><td class="wide">${queue.pending > 0 ? meter(queue.pending, most, 'again') : ''}</td>
<td class="number" data-name="running">${jobs(queue.running, 'STARTED')}</td>
<td class="number${age !== null && age > 60_000 ? ' again tone' : ''}" data-name="oldest">${age === null ? '–' : duration(age)}</td>
<td class="wide">${ended(queue.minutes)}</td>
<td class="wide nowrap">${limits.length > 0 ? limits.join(', ') : html`<span class="quiet">none</span>`}</td>
<td class="number">${mayChange ? html`<form class="inline" method="post" action="${root}act/queue"><input type="hidden" name="queue" value="${queue.queue}"><button name="do" value="${queue.paused ? 'resume' : 'pause'}">${queue.paused ? 'Resume' : 'Pause'}</button></form>${queue.pending > 0 ? purgeButton(root, queue.queue) : ''}` : ''}</td></tr>`
}

function lostText(lost: readonly { task: string; pending: number }[]): Html {
  const jobs = plural(
    lost.reduce((sum, { pending }) => sum + pending, 0),
    'job',
  )
  const names = lost.map(({ task }) => task).join(', ')
  return html`<span class="under bad tone" title="${names}">${jobs} of ${lost.length === 1 ? html`“${names}”` : plural(lost.length, 'task')}, which no live process declares</span>`
}

function ended(minutes: readonly number[]): Html {
  const total = minutes.reduce((sum, jobs) => sum + jobs, 0)
  if (total === 0) return html`<span class="quiet">none</span>`
  const rate = `${count(total)} jobs, at most ${count(Math.max(...minutes))} a minute`
  return html`<span title="${rate}">${sparkline(minutes, rate)}</span>`
}

/** What waits in the queue is revoked, once its number was confirmed. */
const purgeButton = (root: string, queue: string): Html =>
  html` <form class="inline" method="post" action="${root}act/jobs"><input type="hidden" name="q" value="${formatJobFilter({ state: ['SCHEDULED', 'PENDING', 'BLOCKED', 'RETRY'], queue })}"><button class="danger" name="do" value="revoke-all">Purge…</button></form>`

function taskPanel({ root, mayChange }: View, tasks: readonly TaskRow[]): Html {
  return html`<section class="panel"><header><h2>${plural(tasks.length, 'task')}</h2><span class="quiet">declared in this process</span></header><div class="scroll"><table class="fold"><thead><tr><th>Task</th><th>Queue</th><th class="wide">Runs in</th><th class="number wide">Retries</th><th></th></tr></thead><tbody>${tasks.map(
    ({
      name,
      queue,
      runIn,
      maxRetries,
      paused,
    }) => html`<tr data-key="task ${name}"><td><a class="main" href="${searchAddress(root, { task: name })}">${name}</a>${paused ? html` <span class="state again square"><i></i>paused</span>` : ''}</td>
<td data-name="queue">${queue}</td><td class="wide">${runIn === 'main' ? 'main thread' : 'pool'}</td><td class="number wide">${maxRetries}</td>
<td class="number">${mayChange ? html`<form class="inline" method="post" action="${root}act/queue"><input type="hidden" name="task" value="${name}"><button name="do" value="${paused ? 'resume' : 'pause'}">${paused ? 'Resume' : 'Pause'}</button></form>` : ''}</td></tr>`,
  )}</tbody></table></div></section>`
}
