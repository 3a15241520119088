import type { AttemptInfo, JobInfo } from '../../index.ts'
import type { DashboardData, JobDetail } from '../data.ts'
import { type Html, html } from '../html.ts'
import type { PageParts, View } from '../page.ts'
import { meter } from '../show/chart.ts'
import { errorBlock } from '../show/error.ts'
import { percent, plural } from '../show/figure.ts'
import { jobAddress, jobTable, searchAddress, threadName } from '../show/jobs.ts'
import { stateLabel, toneOf } from '../show/state.ts'
import { clock, duration, exact, moment } from '../show/time.ts'
import { asText, isPlain, valueBlock } from '../show/value.ts'

const FINAL = new Set(['SUCCESS', 'FAILURE', 'REVOKED', 'EXPIRED'])

export async function taskPage(view: View, data: DashboardData, id: string): Promise<PageParts | null> {
  const detail = await data.job(id)
  if (!detail) return null
  const { info, log, children } = detail
  return {
    title: info.task,
    section: 'tasks',
    head: html`<h1>${info.task}</h1>${stateLabel(info.state)}<span class="grow"></span>${view.mayChange ? buttons(view, info) : ''}`,
    body: html`<div class="two"><div class="stack">${facts(view, detail)}${timeline(view, info)}</div>
<div class="stack">
${info.progress && !FINAL.has(info.state) ? progressPanel(info) : ''}
${info.error && info.state !== 'SUCCESS' ? html`<section class="panel"><header><h2>Error</h2><span class="quiet">of the last attempt</span></header><div class="body">${errorBlock(info.error)}</div></section>` : ''}
${valuePanel(view, info, 'Arguments', info.args, 'args')}
${info.state === 'SUCCESS' ? valuePanel(view, info, 'Result', info.result, 'result') : ''}
${view.mayChange ? againPanel(view, info) : ''}
</div></div>
${logPanel(log)}
${children.length > 0 ? html`<section class="panel"><header><h2>Children</h2><span class="quiet">jobs that this one enqueued: ${children.length}</span></header>${jobTable(view, children, false)}</section>` : ''}`,
  }
}

function buttons({ root }: View, { id, state }: JobInfo): Html {
  const button = (what: string, name: string, danger = false): Html =>
    html`<form class="inline" method="post" action="${root}act/job"><input type="hidden" name="id" value="${id}"><button name="do" value="${what}" class="${danger ? 'danger' : ''}">${name}</button></form>`
  return html`<div class="actions">${FINAL.has(state) ? (state === 'SUCCESS' ? '' : button('retry', 'Retry')) : button('revoke', state === 'STARTED' ? 'Revoke…' : 'Revoke', true)}</div>`
}

function facts(view: View, { info, explain, process }: JobDetail): Html {
  const { root, now } = view
  const rows: [string, Html | string | null][] = [
    ['Now', explain.replace(/(\d{4}-\d\d-\d\d)T([\d:.]+)Z/g, '$1 $2 UTC')],
    ['Id', html`<code data-copy>${info.id}</code>`],
    [
      'Queue',
      html`<a href="${searchAddress(root, { queue: info.queue })}">${info.queue}</a>, priority ${info.priority}`,
    ],
    [
      'Attempt',
      `${info.attempt} of at most ${info.maxAttempts}${info.crashes > 0 ? `, ${plural(info.crashes, 'crash', 'crashes')}` : ''}`,
    ],
    ['Enqueued', at(info.enqueuedAt, now)],
    ['Not before', info.eta && !FINAL.has(info.state) ? at(info.eta, now) : null],
    ['Expires', info.expires && !FINAL.has(info.state) ? at(info.expires, now) : null],
    [
      'Run time',
      info.startedAt && info.finishedAt ? duration(info.finishedAt.getTime() - info.startedAt.getTime()) : null,
    ],
    [
      'Process',
      info.worker &&
        html`<a href="${root}workers/" title="${info.worker}">${process ? `pid ${process.pid} on ${process.host}` : info.worker}</a>`,
    ],
    [
      'Thread',
      info.thread === null ? null : info.thread === 0 ? 'the main thread of its process' : `${info.thread} of its pool`,
    ],
    [
      'Schedule',
      info.schedule
        ? html`<a href="${searchAddress(root, { schedule: info.schedule })}">${info.schedule}</a>${info.scheduledFor ? html`, for ${exact(info.scheduledFor)}` : ''}`
        : null,
    ],
    [
      'Parent',
      info.parentId ? html`<a href="${jobAddress(root, info.parentId)}"><code>${info.parentId}</code></a>` : null,
    ],
    [
      'Root',
      info.rootId !== info.id
        ? html`<a href="${jobAddress(root, info.rootId)}"><code>${info.rootId}</code></a>, <a href="${searchAddress(root, { root: info.rootId })}">its whole tree</a>`
        : null,
    ],
    ['Reason', info.revokeReason],
    ['Unique key', info.uniqueKey],
    ['Concurrency key', info.concurrencyKey],
    [
      'Tags',
      info.tags.length > 0
        ? html`${info.tags.map((tag) => html`<a class="tag" href="${searchAddress(root, { tag })}">${tag}</a> `)}`
        : null,
    ],
    ['Headers', Object.keys(info.headers).length > 0 ? html`<code>${asText(info.headers, 0)}</code>` : null],
  ]
  return html`<section class="panel"><header><h2>Facts</h2></header><dl class="body facts">${rows
    .filter(([, value]) => value !== null)
    .map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl></section>`
}

const at = (time: Date, now: number): Html => html`${exact(time)} <span class="quiet">· ${moment(time, now)}</span>`

interface Step {
  at: Date | null
  title: Html | string
  tone: string
  more: Html | string
}

function timeline(_view: View, info: JobInfo): Html {
  const steps: Step[] = [
    {
      at: info.enqueuedAt,
      title: info.parentId ? 'Enqueued by its parent' : info.schedule ? 'Enqueued by its schedule' : 'Enqueued',
      tone: '',
      more: '',
    },
    ...info.attempts.flatMap((attempt) => attemptStep(attempt, info)),
  ]
  if (info.finishedAt && info.state !== 'SUCCESS') {
    steps.push({
      at: info.finishedAt,
      title: `Ended as ${info.state}`,
      tone: toneOf(info.state),
      more: info.revokeReason ?? '',
    })
  } else if (info.finishedAt) {
    steps.push({ at: info.finishedAt, title: 'Result committed', tone: 'good', more: '' })
  } else if (info.eta && (info.state === 'SCHEDULED' || info.state === 'RETRY')) {
    steps.push({
      at: info.eta,
      title: info.state === 'RETRY' ? 'Next attempt' : 'Due',
      tone: toneOf(info.state),
      more: '',
    })
  }
  return html`<section class="panel"><header><h2>Timeline</h2><span class="quiet">${plural(info.attempts.length, 'attempt')}</span></header><ol class="body timeline">${steps.map(
    (step) =>
      html`<li class="${step.tone}"><div>${step.title}</div><div class="at">${step.at ? html`<span title="${exact(step.at)}">${step.at.toISOString().slice(0, 10)} ${clock(step.at)}</span>` : ''}</div><div class="more">${step.more}</div></li>`,
  )}</ol></section>`
}

function attemptStep(attempt: AttemptInfo, info: JobInfo): Step[] {
  const { number, outcome, startedAt, endedAt, worker, thread, error } = attempt
  const elsewhere = worker && worker !== info.worker ? ` in ${worker}` : ''
  const where = thread === null && !elsewhere ? '' : `${threadName(thread)}${elsewhere}`
  const length = startedAt && endedAt ? duration(endedAt.getTime() - startedAt.getTime()) : ''
  return [
    {
      at: startedAt ?? endedAt,
      title: html`Attempt ${number}: ${outcome} <span class="quiet">${length}</span>`,
      tone: toneOf(outcome),
      more: html`${where && html`<span class="quiet small">${where}</span>`}${error ? errorBlock(error, false) : ''}`,
    },
  ]
}

function progressPanel({ progress }: JobInfo): Html {
  if (progress === null) return html``
  const { done, total, message } =
    typeof progress === 'number' ? { done: progress, total: 1, message: undefined } : progress
  const share = total === undefined ? null : html` <span class="quiet">${percent(done, total)}</span>`
  return html`<section class="panel"><header><h2>Progress</h2>${share}</header><div class="body">${total === undefined ? '' : meter(done, total, 'good')}<p class="small">${[typeof progress === 'number' ? '' : `${done}${total === undefined ? '' : ` of ${total}`}`, message ?? ''].filter(Boolean).join(' · ')}</p></div></section>`
}

function valuePanel({ root }: View, { id }: JobInfo, title: string, value: unknown, name: string): Html {
  const address = `${jobAddress(root, id)}/${name}.json`
  return html`<section class="panel"><header><h2>${title}</h2><span class="grow"></span><a class="small quiet" href="${address}" download="${name}-${id}.json">download</a></header><div class="body">${valueBlock(value, address)}</div></section>`
}

function againPanel({ root }: View, { id, task, args }: JobInfo): Html {
  const plain = isPlain(args)
  return html`<section class="panel"><details class="body" data-key="again"><summary>Run again, with these or other arguments</summary>
<form class="form" method="post" action="${root}act/job"><input type="hidden" name="id" value="${id}">
<label>Arguments of ${task}, as a JSON array<textarea name="args" rows="5" spellcheck="false">${plain ? asText(args) : '[]'}</textarea></label>
${plain ? '' : html`<p class="small quiet">The stored arguments hold what JSON cannot; write others.</p>`}
<div class="actions"><button class="main" name="do" value="again">Enqueue a new job</button></div></form></details></section>`
}

function logPanel(log: JobDetail['log']): Html {
  if (log.length === 0) return html``
  return html`<section class="panel"><header><h2>Log</h2><span class="quiet">${plural(log.length, 'line')}, UTC</span></header><ol class="log" tabindex="0" aria-label="Log lines">${log.map(
    ({ at, level, text }) =>
      html`<li class="${level}"><time class="quiet" datetime="${at.toISOString()}" title="${exact(at)}">${clock(at)}</time><span>${level}</span><div>${text}</div></li>`,
  )}</ol></section>`
}
