import type { DashboardData, ScheduleRow } from '../data.ts'
import { type Html, html } from '../html.ts'
import type { PageParts, View } from '../page.ts'
import { scheduleAsWritten, scheduleInWords } from '../schedule-words.ts'
import { plural } from '../show/figure.ts'
import { jobAddress, searchAddress } from '../show/jobs.ts'
import { stateLabel, toneOf } from '../show/state.ts'
import { ago, duration, exact, moment, zoned } from '../show/time.ts'

export async function schedulesPage(view: View, data: DashboardData): Promise<PageParts> {
  const schedules = await data.schedules()
  return {
    title: 'Schedules',
    section: 'schedules',
    body:
      schedules.length === 0
        ? html`<section class="panel"><p class="empty">No schedule is stored. Declare one with app.schedule().</p></section>`
        : html`<section class="panel"><header><h2>${plural(schedules.length, 'schedule')}</h2></header><div class="scroll"><table class="fold">
<thead><tr><th>Schedule</th><th class="wide">Runs</th><th class="number">Next</th><th>Last slots</th><th></th></tr></thead>
<tbody>${schedules.map((schedule) => row(view, schedule))}</tbody></table></div></section>`,
  }
}

function row(view: View, schedule: ScheduleRow): Html {
  const { root, now, mayChange } = view
  const { name, task, misfire, overlap, paused, declared, nextSlot } = schedule
  const error = errorOf(schedule.error)
  const written = scheduleAsWritten(schedule.spec)
  return html`<tr data-key="${name}"><td><b>${name}</b>${paused ? html` <span class="state again square"><i></i>paused</span>` : ''}${declared ? '' : html` <span class="state wait hollow" title="The running code does not declare it"><i></i>not declared</span>`}${schedule.more?.edited ? html` <span class="state later hollow" title="Changed by schedules.set(); the declaration waits"><i></i>edited</span>` : ''}
<span class="under">${scheduleInWords(schedule.spec, schedule.name)}${written.text === null ? '' : html` · <code>${written.text}</code>`}</span>${error === null ? '' : html`<span class="under bad tone">${error}</span>`}
${schedule.preview === null ? '' : ahead(schedule.preview, written.zone)}</td>
<td class="wide"><a href="${searchAddress(root, { schedule: name })}">${task}</a><span class="under">misfire ${misfire}, overlap ${overlap}${rules(schedule.more)}</span></td>
<td class="number" data-name="next">${nextSlot === null || paused ? html`<span class="quiet">–</span>` : moment(new Date(nextSlot), now)}</td>
<td>${slots(view, schedule)}</td>
<td class="number">${mayChange ? html`<form class="inline" method="post" action="${root}act/schedule"><input type="hidden" name="name" value="${name}"><button name="do" value="trigger">Run now</button>${schedule.more?.edited && declared ? html`<button name="do" value="reset">Reset</button>` : ''}<button name="do" value="${paused ? 'resume' : 'pause'}">${paused ? 'Resume' : 'Pause'}</button></form>` : ''}</td></tr>`
}

const ahead = (slots: NonNullable<ScheduleRow['preview']>, zone: string): Html =>
  html`<details data-key="ahead"><summary>Next ${slots.length}</summary><ol class="small">${slots.map(
    ({ at, movedByDst }) =>
      html`<li>${zoned(at, zone)}${movedByDst ? html` <span class="quiet">(moved: the clocks change)</span>` : ''}</li>`,
  )}</ol></details>`

/** The oldest on the left, as on any time line. */
function slots({ root, now }: View, { ledger }: ScheduleRow): Html {
  if (ledger.length === 0) return html`<span class="quiet small">none yet</span>`
  const last = ledger[0]!
  return html`<span class="slots">${[...ledger].reverse().map(({ slot, outcome, jobId }) => {
    const text = `${exact(new Date(slot))}: ${outcome}`
    const look = `${outcome} ${toneOf(outcome)}`
    return jobId === null
      ? html`<span class="${look}" title="${text}"></span>`
      : html`<a class="${look}" title="${text}" href="${jobAddress(root, jobId)}"><span class="hidden">${text}</span></a>`
  })}</span><span class="under">${stateLabel(last.outcome)} ${ago(new Date(last.slot), now)}</span>`
}

function errorOf(error: string | null): string | null {
  if (error === null) return null
  try {
    return String((JSON.parse(error) as { message?: unknown }).message ?? error)
  } catch {
    return error
  }
}

/** What else is said of it, as far as it is not the default. */
function rules(more: ScheduleRow['more']): string {
  if (!more) return ''
  const said = [
    more.jitter > 0 ? `jitter ${duration(more.jitter)}` : '',
    more.start ? `from ${exact(more.start)}` : '',
    more.end ? `until ${exact(more.end)}` : '',
    more.maxRuns === null ? '' : `${more.runs} of ${plural(more.maxRuns, 'run')}`,
    more.missed > 0 ? `${plural(more.missed, 'slot')} missed since it fired last` : '',
  ].filter(Boolean)
  return said.map((one) => `, ${one}`).join('')
}
