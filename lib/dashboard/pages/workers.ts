import { threadUse } from '../../domain/thread-use.ts'
import type { DashboardData, WorkerLine } from '../data.ts'
import { type Html, html } from '../html.ts'
import type { PageParts, View } from '../page.ts'
import { meter } from '../show/chart.ts'
import { bytes, count, plural } from '../show/figure.ts'
import { runningTable } from '../show/jobs.ts'
import { LATE_LOOP } from '../show/loop.ts'
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

function workerPanel(view: View, worker: WorkerLine): Html {
  const { now } = view
  const { key, app, host, pid, role, startedAt, beatAt, tasks, running, alive, silentSince, vitals } = worker
  const consumes = role !== 'beat'
  const sign =
    silentSince === null
      ? html`<span class="state good"><i></i>alive</span>`
      : html`<span class="state bad square"><i></i>${alive ? 'hung' : 'dead'}, silent for <span data-since="${new Date(silentSince).toISOString()}">${duration(now - silentSince)}</span></span>`
  return html`<section class="panel" data-key="${key}"><header><h2>${app} <span class="quiet">${role}</span></h2>${sign}<span class="quiet">pid ${pid} on ${host}, up ${duration(now - startedAt)}, seen ${moment(new Date(beatAt), now)}</span></header>
<div class="body">${consumes ? threadLine(worker) : ''}<p class="small quiet">${bytes(vitals.memory)} of memory${
    consumes ? html`, ${plural(vitals.threads, 'thread')} open, ${plural(vitals.restarts, 'restart')} of threads` : ''
  }, event loops at most ${delay(vitals.appDelay)} (application) and ${delay(vitals.engineDelay)} (engine) late</p>${
    vitals.stuck > 0
      ? html`<p class="small bad tone">${plural(vitals.stuck, 'thread')} cannot be ended: stuck in native code.</p>`
      : ''
  }</div>
${running.length > 0 ? runningTable(view, running) : consumes ? html`<p class="empty">Idle.</p>` : ''}
<div class="body"><details data-key="tasks"><summary>${plural(tasks.length, 'task')} declared</summary><p class="small">${tasks.map((task) => html`<span class="tag">${task}</span> `)}</p></details></div></section>`
}

/** Short jobs are handed to a thread several at once. */
function threadLine({ running, threads }: WorkerLine): Html {
  const { busy, behind, main } = threadUse(running, threads)
  const more = behind > 0 ? html`<span class="quiet">, ${count(behind)} more handed out to them</span>` : ''
  const own = main > 0 ? html`, ${plural(main, 'job')} on the main thread` : ''
  return html`<p class="small">${count(busy)} of ${plural(threads, 'thread')} busy${more}${own}</p>${meter(busy, threads, '')}`
}

function delay(milliseconds: number | null): Html | string {
  if (milliseconds === null) return '–'
  return milliseconds < LATE_LOOP ? duration(milliseconds) : html`<b class="bad tone">${duration(milliseconds)}</b>`
}
