import type { Change, DashboardData, ListedJob } from '../data.ts'
import { type Html, html } from '../html.ts'
import type { PageParts, View } from '../page.ts'
import { jobAddress } from '../show/jobs.ts'
import { clock, exact } from '../show/time.ts'

const SHOWN = 100

const ENDINGS: Record<string, string> = {
  SUCCESS: 'task-succeeded',
  FAILURE: 'task-failed',
  REVOKED: 'task-revoked',
  EXPIRED: 'task-expired',
}

/** Shows what happened last, from the newest jobs; the browser adds what happens from now on. */
export async function eventsPage(view: View, data: DashboardData): Promise<PageParts> {
  const { jobs } = await data.jobs('', { limit: SHOWN })
  const changes = jobs.flatMap(changesOf).sort((a, b) => b.at - a.at)
  return {
    title: 'Events',
    section: 'events',
    head: html`<h1>Events</h1><span class="quiet" id="events-state">of the newest jobs</span><span class="grow"></span><button type="button" id="events-pause" aria-pressed="false" data-script hidden>Pause</button>`,
    body: html`<section class="panel"><div class="scroll"><table><thead><tr><th>Time, UTC</th><th>Event</th><th>Task</th><th class="wide">Id</th></tr></thead><tbody id="events" aria-live="off">${changes.slice(0, SHOWN).map((change) => row(view, change))}</tbody></table></div></section>`,
  }
}

function changesOf(job: ListedJob): Change[] {
  const { id, task, queue, attempt, state } = job
  const about = { id, task, queue, attempt }
  // The latest first, also where two happened within the same millisecond.
  const changes: Change[] = [{ ...about, event: 'task-sent', at: job.enqueuedAt.getTime() }]
  if (job.startedAt) changes.push({ ...about, event: 'task-started', at: job.startedAt.getTime() })
  const ending = ENDINGS[state]
  if (ending && job.finishedAt) {
    changes.push({
      ...about,
      event: ending,
      at: job.finishedAt.getTime(),
      ...(job.error !== null && { error: job.error }),
    })
  }
  return changes.reverse()
}

const TONES: Record<string, string> = {
  'task-succeeded': 'good',
  'task-failed': 'bad',
  'task-started': 'busy',
  'task-retried': 'again',
  'task-expired': 'again',
  'worker-offline': 'bad',
}

function row({ root }: View, change: Change): Html {
  const at = new Date(change.at)
  return html`<tr class="${TONES[change.event] ?? 'wait'}"><td class="mono nowrap" title="${exact(at)}">${clock(at)}</td><td class="tone nowrap">${change.event}</td><td class="anywhere">${change.task ?? change.schedule ?? change.key ?? ''}${change.error ? html`<span class="under">${change.error.slice(0, 200)}</span>` : ''}</td><td class="wide mono nowrap">${change.id ? html`<a href="${jobAddress(root, change.id)}">${change.id}</a>` : ''}</td></tr>`
}
