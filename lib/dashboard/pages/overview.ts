import { threadUse } from '../../domain/thread-use.ts'
import type { DashboardData, Summary, TaskTimes, WorkerLine } from '../data.ts'
import { type Html, html } from '../html.ts'
import type { PageParts, View } from '../page.ts'
import { meter, throughputChart } from '../show/chart.ts'
import { bytes, count, figure, percent, plural } from '../show/figure.ts'
import { runningTable, searchAddress, shortJobTable } from '../show/jobs.ts'
import { LATE_LOOP } from '../show/loop.ts'
import { duration } from '../show/time.ts'

const RUNNING_SHOWN = 12
const FAILED_SHOWN = 8
/** From this age on the oldest waiting job is pointed out, in ms. */
const LATE = 60_000

export async function overviewPage(view: View, data: DashboardData): Promise<PageParts> {
  const [overview, workers, failed] = await Promise.all([
    data.summary(),
    data.workers(),
    data.jobs('state:failure', { limit: FAILED_SHOWN }),
  ])
  const active = workers.flatMap(({ running }) => running)
  // What is handed to a thread and not begun comes last.
  const running = active.sort((a, b) => (a.startedAt ?? Infinity) - (b.startedAt ?? Infinity))
  return {
    title: 'Overview',
    section: 'overview',
    body: html`${figures(view, overview, workers, running[0]?.startedAt ?? null)}
<section class="panel"><header><h2>Throughput</h2><span class="quiet">jobs a minute, last hour</span><span class="grow"></span><span class="legend"><span class="good"><i></i>succeeded</span><span class="bad"><i></i>failed</span><span class="again"><i></i>retried</span></span></header>${throughputChart(overview.minutes)}</section>
<div class="two"><section class="panel"><header><h2>Running</h2><span class="quiet">${plural(active.length, 'job')}, the longest first</span></header>${
      running.length === 0
        ? html`<p class="empty">Nothing runs at the moment.</p>`
        : runningTable(view, running.slice(0, RUNNING_SHOWN))
    }</section>
<section class="panel"><header><h2>Latest failures</h2><span class="grow"></span><a class="small quiet" href="${view.root}task/?q=state%3Afailure">all</a></header>${
      failed.jobs.length === 0 ? html`<p class="empty">No failure is kept.</p>` : shortJobTable(view, failed.jobs)
    }</section></div>
${overview.tasks.length > 0 ? taskTimes(view, overview.tasks) : ''}`,
  }
}

function figures({ root, now }: View, overview: Summary, workers: readonly WorkerLine[], begun: number | null): Html {
  const longest = begun === null ? null : new Date(begun)
  const { states, minutes, threads, oldestWaiting, waitP95, run } = overview
  const succeeded = minutes.reduce((sum, minute) => sum + minute.succeeded, 0)
  const failed = minutes.reduce((sum, minute) => sum + minute.failed, 0)
  const waiting = (states.PENDING ?? 0) + (states.BLOCKED ?? 0)
  const later = (states.SCHEDULED ?? 0) + (states.RETRY ?? 0)
  const running = states.STARTED ?? 0
  const since =
    oldestWaiting &&
    html`oldest <span data-since="${oldestWaiting.toISOString()}">${duration(Math.max(0, now - oldestWaiting.getTime()))}</span>`
  const late = oldestWaiting !== null && now - oldestWaiting.getTime() > LATE
  const list = (state: string, value: number): Html =>
    html`<a href="${root}task/?q=state%3A${state}">${count(value)}</a>`
  return html`<dl class="figures">
${figure('Waiting', list('pending,blocked', waiting), since ?? 'nobody waits', late ? 'again' : '')}
${figure('Running', list('started', running), longest ? html`longest <span data-since="${longest.toISOString()}">${duration(Math.max(0, now - longest.getTime()))}</span>` : 'nothing runs')}
${figure('Later', list('scheduled,retry', later), `${count(states.RETRY ?? 0)} to try again`)}
${figure('Succeeded, 1 h', count(succeeded), `${count(states.SUCCESS ?? 0)} kept`)}
${figure('Failed, 1 h', count(failed), `${percent(failed, succeeded + failed)}, ${count(states.FAILURE ?? 0)} kept`, failed > 0 ? 'bad' : '')}
${figure('Run time, 1 h', run ? duration(run.p50) : '–', run ? `p95 ${duration(run.p95)}` : 'nothing ran')}
${figure('Wait p95, 1 h', waitP95 === null ? '–' : duration(waitP95), 'from due to start')}
${threadFigure(running, threads, workers)}
${processFigure(root, workers)}
${figure('File', bytes(overview.fileBytes), `+ ${bytes(overview.walBytes)} log`)}
</dl>`
}

/** The list of what runs ends somewhere, the count of it does not. */
function threadFigure(running: number, threads: number, workers: readonly WorkerLine[]): Html {
  const main = workers.reduce((sum, worker) => sum + threadUse(worker.running, worker.threads).main, 0)
  const busy = Math.min(Math.max(0, running - main), threads)
  const own = main > 0 ? html`, ${count(main)} on main` : ''
  return figure(
    'Threads',
    percent(busy, threads),
    html`${count(busy)} of ${count(threads)} busy${own}${meter(busy, threads, '')}`,
  )
}

/** Processes that answer, and what is worst among them. */
function processFigure(root: string, workers: readonly WorkerLine[]): Html {
  const silent = workers.filter(({ silentSince }) => silentSince !== null).length
  const late = Math.max(0, ...workers.map(({ vitals }) => Math.max(vitals.engineDelay, vitals.appDelay ?? 0)))
  const list = html`<a href="${root}workers/">${count(workers.length - silent)}</a>`
  const under =
    silent > 0
      ? html`${count(silent)} silent`
      : workers.length === 0
        ? 'jobs wait for one'
        : html`loop ${duration(late)} late`
  return figure('Processes', list, under, silent > 0 ? 'bad' : late >= LATE_LOOP ? 'again' : '')
}

function taskTimes({ root }: View, tasks: readonly TaskTimes[]): Html {
  return html`<section class="panel"><header><h2>Run time by task</h2><span class="quiet">last hour</span></header><div class="scroll"><table>
<thead><tr><th>Task</th><th class="number">Runs</th><th class="number">Failed</th><th class="number">p50</th><th class="number">p95</th><th class="number wide">p99</th><th class="number wide">Wait, p95</th></tr></thead>
<tbody>${tasks.map(
    ({ task, runs, failed, p50, p95, p99, waitP95 }) =>
      html`<tr data-key="${task}"><td class="name"><a class="main" href="${searchAddress(root, { task })}">${task}</a></td><td class="number">${count(runs)}</td><td class="number${failed > 0 ? ' bad tone' : ''}">${failed > 0 ? `${count(failed)} (${percent(failed, runs)})` : '0'}</td><td class="number">${duration(p50)}</td><td class="number">${duration(p95)}</td><td class="number wide">${duration(p99)}</td><td class="number wide">${waitP95 === null ? '–' : duration(waitP95)}</td></tr>`,
  )}</tbody></table></div></section>`
}
