import { type Html, html } from './html.ts'
import { icons } from './icons.ts'
import { count } from './show/figure.ts'

/** What every page knows of its request. */
export interface View {
  /** What relative addresses begin with. */
  root: string
  nonce: string
  now: number
  appName: string
  user: string
  /** Whether buttons that change something are there. */
  mayChange: boolean
  readOnly: boolean
  theme: 'light' | 'dark' | null
  states: Record<string, number>
  /** A changing part of the addresses of script and style sheet, so that browsers keep them no longer than they are right. */
  build: string
  notice: Html | null
}

export interface PageParts {
  title: string
  section: Section
  head?: Html
  /** Whether the page answers a form, so that nothing on it can change by itself. */
  still?: true
  body: Html
}

const SECTIONS = ['overview', 'tasks', 'queues', 'schedules', 'workers', 'events', 'audit'] as const
export type Section = (typeof SECTIONS)[number]

const NAMES: Record<Section, string> = {
  overview: 'Overview',
  tasks: 'Tasks',
  queues: 'Queues',
  schedules: 'Schedules',
  workers: 'Workers',
  events: 'Events',
  audit: 'Audit',
}

const addressOf = (section: Section): string =>
  section === 'overview' ? '' : section === 'tasks' ? 'task/' : `${section}/`

/** Named outside, because a bundler rewrites a template in which this tag ends, lest it end one around the code. */
const SCRIPT = 'script'

export function page(view: View, parts: PageParts): Html {
  const { root, nonce, theme, build } = view
  return html`<!doctype html>
<html lang="en"${theme ? html` data-theme="${theme}"` : ''} data-root="${root}">
<head>
<meta charset="utf-8">
<title>${parts.title} · ${view.appName}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="${root}static/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="${root}static/${build}/style.css">
<link rel="stylesheet" href="${root}static/${build}/uplot.css">
<script type="module" nonce="${nonce}" src="${root}static/${build}/client/main.js"></${SCRIPT}>
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
${changingParts(view, parts)}
</body>
</html>
`
}

/** What the browser fetches anew when something changed. */
export const changingParts = (view: View, parts: PageParts): Html =>
  html`${sidebar(view, parts.section)}
${mainPart(view, parts)}`

function mainPart(view: View, { title, head, body, still }: PageParts): Html {
  return html`<main id="main" tabindex="-1" data-title="${title} · ${view.appName}"${still ? html` data-still` : ''}>
${view.notice ?? ''}
<div class="head">${head ?? html`<h1>${title}</h1>`}</div>
<div class="stack">${body}</div>
</main>`
}

function sidebar(view: View, current: Section): Html {
  const { root, states } = view
  const badge: Partial<Record<Section, Html>> = {
    tasks: states.STARTED ? html`<span class="count" title="running now">${count(states.STARTED)}</span>` : html``,
  }
  return html`<aside class="side" id="side">
<a class="brand" href="${root}">${icons.brand}<span><b>${view.appName}</b><span>celeriac</span></span></a>
<nav class="nav" aria-label="Pages">${SECTIONS.map(
    (section) =>
      html`<a href="${root}${addressOf(section)}"${section === current ? html` aria-current="page"` : ''}>${icons[section]}${NAMES[section]}${badge[section] ?? ''}</a>`,
  )}</nav>
<div class="foot">
<p>${view.user}${view.readOnly ? ', read-only' : view.mayChange ? '' : ', viewer'}</p>
<div class="row" data-script hidden><button type="button" class="icon" id="live" aria-pressed="true" title="Follow what changes">live</button><button type="button" class="icon" id="theme" title="Light, dark, or as the system">theme</button></div>
</div>
</aside>`
}
