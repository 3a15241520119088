import type { DashboardData, WorkerRow } from '../data.ts'
import { type Html, html } from '../html.ts'
import type { PageParts, View } from '../page.ts'
import { meter } from '../show/chart.ts'
import { bytes, count, plural } from '../show/figure.ts'
import { jobAddress } from '../show/jobs.ts'
import { duration, moment } from '../show/time.ts'

export async function workersPage(view: View, data: DashboardData): Promise<PageParts> {
  const workers = await data.workers()
  return {
    title: 'Workers',
    section: 'workers',
    head: html`<h1>Workers</h1><span class="quiet">${plural(workers.length, 'process', 'processes')}, ${plural(
      workers.reduce((sum, { threads }) => sum + threads, 0),
      'thread',
    )}</span>`,
    body:
      workers.length === 0
        ? html`<section class="panel"><p class="empty">No process consumes this file: jobs wait. Call app.start().</p></section>`
        : html`${workers.map((worker) => workerPanel(view, worker))}`,
  }
}

function workerPanel(view: View, worker: WorkerRow): Html {
  const { now } = view
  const { key, app, host, pid, role, threads, startedAt, beatAt, tasks, running, alive, stats } = worker
  return html`<section class="panel" data-key="${key}"><header><h2>${app} <span class="quiet">${role}</span></h2><span class="state ${alive ? 'good' : 'bad square'}"><i></i>${alive ? 'alive' : 'dead, its jobs are being taken over'}</span><span class="quiet">pid ${pid} on ${host}, up ${duration(now - startedAt)}, seen ${moment(new Date(beatAt), now)}</span></header>
<div class="body"><p class="small">${count(running.length)} of ${plural(threads, 'thread')} busy${stats ? html`<span class="quiet">, ${count(stats.threads)} open, ${bytes(stats.memory)} of memory</span>` : ''}</p>${stats && stats.stuck > 0 ? html`<p class="small bad tone">${plural(stats.stuck, 'thread')} cannot be ended: stuck in native code.</p>` : ''}${meter(running.length, threads, '')}</div>
${running.length === 0 ? html`<p class="empty">Idle.</p>` : runningTable(view, running)}
<div class="body"><details data-key="tasks"><summary>${plural(tasks.length, 'task')} declared</summary><p class="small">${tasks.map((task) => html`<span class="tag">${task}</span> `)}</p></details></div></section>`
}

function runningTable({ root, now }: View, running: WorkerRow['running']): Html {
  return html`<div class="scroll"><table><thead><tr><th>Runs</th><th class="wide">Queue</th><th class="number">Attempt</th><th class="number">For</th></tr></thead><tbody>${running.map(
    ({ id, task, queue, attempt, startedAt }) =>
      html`<tr data-key="${id}"><td><a class="main" href="${jobAddress(root, id)}">${task}</a><span class="under mono">${id}</span></td><td class="wide">${queue}</td><td class="number">${attempt}</td><td class="number">${startedAt === null ? html`<span class="quiet">about to begin</span>` : html`<span data-since="${new Date(startedAt).toISOString()}">${duration(now - startedAt)}</span>`}</td></tr>`,
  )}</tbody></table></div>`
}
