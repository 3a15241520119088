import { formatDay, formatNumber } from './format.ts'
import { type Html, html } from './html.ts'
import { page } from './page.ts'
import type { Report } from './report.ts'

/** A calendar of all reports: the more a day earned, the redder it is. */
export function indexPage(reports: readonly Report[]): string {
  const sorted = [...reports].sort((a, b) => (a.day < b.day ? -1 : 1))
  const most = Math.max(1, ...sorted.map((report) => report.revenue))
  const revenue = sorted.reduce((total, report) => total + report.revenue, 0)
  const orders = sorted.reduce((total, report) => total + report.orders, 0)
  return page(
    'All reports',
    html`<h1>Pizza Paradise, day by day</h1>
<p class="quiet">${sorted[0]?.day} to ${sorted.at(-1)?.day}</p>
<dl class="figures">
<div><dt>Reports</dt><dd>${formatNumber(sorted.length)}</dd></div>
<div><dt>Revenue</dt><dd>${formatNumber(revenue)}</dd></div>
<div><dt>Orders</dt><dd>${formatNumber(orders)}</dd></div>
</dl>
${grouped(sorted, 4).map(([year, days]) => yearSection(year, days, most))}`,
  )
}

function yearSection(year: string, reports: Report[], most: number): Html {
  const revenue = reports.reduce((total, report) => total + report.revenue, 0)
  return html`
<h2>${year}<small>${formatNumber(revenue)}</small></h2>
<div class="year">${grouped(reports, 7).map(([month, days]) => monthSection(month, days, most))}
</div>`
}

function monthSection(month: string, reports: Report[], most: number): Html {
  const name = new Intl.DateTimeFormat('en-GB', { month: 'long', timeZone: 'UTC' }).format(new Date(month))
  return html`
<section class="month"><h3>${name}</h3><div class="days">${reports.map((report) => dayLink(report, most))}
</div></section>`
}

function dayLink({ day, revenue }: Report, most: number): Html {
  const date = new Date(day)
  // Weeks begin on Monday: column 1.
  const column = ((date.getUTCDay() + 6) % 7) + 1
  const heat = Math.round((85 * revenue) / most)
  const title = `${formatDay(day)}: ${formatNumber(revenue)}`
  return html`
<a href="${day}.html" title="${title}" style="grid-column:${column};--heat:${heat}%">${date.getUTCDate()}</a>`
}

/** Groups by the first characters of the day: 4 for the year, 7 for the month. */
function grouped(reports: readonly Report[], characters: number): [string, Report[]][] {
  const groups = new Map<string, Report[]>()
  for (const report of reports) {
    const key = report.day.slice(0, characters)
    const group = groups.get(key)
    if (group) group.push(report)
    else groups.set(key, [report])
  }
  return [...groups]
}
