import type { DashboardData, ListPage } from '../data.ts'
import { type Html, html } from '../html.ts'
import type { PageParts, View } from '../page.ts'
import { count, plural } from '../show/figure.ts'
import { jobTable } from '../show/jobs.ts'
import { moment } from '../show/time.ts'

const SIZES = [25, 50, 100] as const
const TABS = [
  'STARTED',
  'PENDING',
  'BLOCKED',
  'SCHEDULED',
  'RETRY',
  'SUCCESS',
  'FAILURE',
  'REVOKED',
  'EXPIRED',
] as const

/** What the address of the list says. */
export interface TasksQuery {
  q: string
  after: string | null
  size: number
}

export function tasksQuery(params: URLSearchParams): TasksQuery {
  const size = Number(params.get('size'))
  return {
    q: (params.get('q') ?? '').trim(),
    after: params.get('after'),
    size: SIZES.find((one) => one === size) ?? 50,
  }
}

export const tasksAddress = (root: string, { q, after, size }: Partial<TasksQuery>): string => {
  const params = new URLSearchParams()
  if (q) params.set('q', q)
  if (size && size !== 50) params.set('size', String(size))
  if (after) params.set('after', after)
  const text = params.toString()
  return `${root}task/${text && `?${text}`}`
}

export async function tasksPage(view: View, data: DashboardData, query: TasksQuery): Promise<PageParts> {
  let refused: string | null = null
  const found = await data
    .jobs(query.q, { limit: query.size, ...(query.after !== null && { after: query.after }) })
    .catch((error: Error & { code?: unknown }): ListPage => {
      if (error.code !== 'INVALID_OPTION') throw error
      refused = error.message
      return { jobs: [], next: null, reached: null }
    })
  return {
    title: 'Tasks',
    section: 'tasks',
    head: html`<h1>Tasks</h1><span class="grow"></span><a class="button fresh" data-fresh href="${tasksAddress(view.root, { ...query, after: null })}">New jobs: show them</a>`,
    body: html`<section class="panel" data-calm="${query.after === null ? 'first' : 'later'}">
<form class="search" role="search" method="get" action="${view.root}task/"><input type="search" name="q" value="${query.q}" placeholder='state:failure task:send_* queue:mail tag:x error:"timed out" since:1h' aria-label="Filter" autocomplete="off" spellcheck="false"${query.size === 50 ? '' : html` data-size="${query.size}"`}><button>Find</button></form>
${tabs(view, query)}
${
  refused !== null
    ? html`<p class="empty bad tone" role="alert">${refused}</p>`
    : html`${found.jobs.length === 0 ? html`<p class="empty">${emptyText(view, query, found)}</p>` : jobTable(view, found.jobs, view.mayChange)}${foot(view, query, found)}`
}
</section>`,
  }
}

/** A page looks at so many jobs only; where scripts run, the search goes on from page to page by itself. */
const emptyText = ({ root, now }: View, query: TasksQuery, { next, reached }: ListPage): Html | string =>
  next !== null
    ? html`None as far back as ${moment(reached, now)}. <a data-go-on href="${tasksAddress(root, { ...query, after: next })}">Look further back</a>`
    : query.after
      ? 'No further jobs.'
      : query.q
        ? 'No job matches this filter.'
        : 'No job is stored yet. The first delay() will be seen here.'

function tabs({ root, states }: View, { q, size }: TasksQuery): Html {
  const rest = q.replace(/(^|\s)state:\S+/i, ' ').trim()
  const current = /(?:^|\s)state:(\S+)/i.exec(q)?.[1]?.toUpperCase() ?? ''
  const tab = (name: string, state: string, jobs: number | null): Html => {
    const here = current === state.toUpperCase()
    const address = tasksAddress(root, {
      q: [state && `state:${state.toLowerCase()}`, rest].filter(Boolean).join(' '),
      size,
    })
    return html`<a href="${address}"${here ? html` aria-current="true"` : ''}>${name}${jobs === null ? '' : html` <span>${count(jobs)}</span>`}</a>`
  }
  return html`<nav class="tabs" aria-label="States">${tab('all', '', null)}${TABS.filter(
    (state) => (states[state] ?? 0) > 0 || current === state,
  ).map((state) => tab(state.toLowerCase(), state, states[state] ?? 0))}</nav>`
}

function foot(view: View, query: TasksQuery, { jobs, next, reached }: ListPage): Html {
  const { root, now } = view
  return html`<div class="bar">
${view.mayChange && (jobs.length > 0 || next !== null) ? chosenForm(view, query) : ''}
<span class="grow"></span>
<span class="quiet">${plural(jobs.length, 'job')}${reached !== null && jobs.length > 0 ? html` as far back as ${moment(reached, now)}` : ''}, ${SIZES.map((size, i) => html`${i > 0 ? ' · ' : ''}${size === query.size ? html`<b>${size}</b>` : html`<a href="${tasksAddress(root, { ...query, after: null, size })}">${size}</a>`}`)} a page</span>
${query.after ? html`<a class="button" href="${tasksAddress(root, { ...query, after: null })}">Newest</a>` : ''}
${next === null ? '' : html`<a class="button" rel="next" href="${tasksAddress(root, { ...query, after: next })}">Older</a>`}
</div>`
}

/** One form for both: what is chosen on this page, or all that the filter matches. */
function chosenForm({ root }: View, { q }: TasksQuery): Html {
  return html`<form class="actions" id="chosen" method="post" action="${root}act/jobs"><input type="hidden" name="q" value="${q}"><span class="quiet" data-chosen-count>Chosen</span><button name="do" value="retry-chosen">Retry</button><button class="danger" name="do" value="revoke-chosen">Revoke</button><span class="quiet">${q ? 'all that match' : 'all'}</span><button name="do" value="retry-all">Retry all…</button><button class="danger" name="do" value="revoke-all">Revoke all…</button></form>`
}
