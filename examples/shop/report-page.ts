import { formatChange, formatDay, formatNumber } from './format.ts'
import { type Html, html } from './html.ts'
import { page } from './page.ts'
import type { CategoryReport, Report } from './report.ts'
import type { DaysAround } from './sales.ts'

/** The page of one day's report. */
export function reportPage(report: Report, around: DaysAround): string {
  return page(
    formatDay(report.day),
    html`<nav>
<a href="index.html">All reports</a>
${around.before && html`<a class="push" href="${around.before}.html" rel="prev">← ${around.before}</a>`}
${around.after && html`<a${around.before ? '' : html` class="push"`} href="${around.after}.html" rel="next">${around.after} →</a>`}
</nav>
<h1>${formatDay(report.day)}</h1>
<p class="quiet">What Pizza Paradise sold, <a href="${report.day}.csv">also as CSV</a></p>
<dl class="figures">
<div><dt>Revenue</dt><dd>${formatNumber(report.revenue)}</dd></div>
<div><dt>Orders</dt><dd>${formatNumber(report.orders)}</dd></div>
${comparison(report)}
${bestSeller(report)}
</dl>
${report.categories.map((category) => categoryTable(category, report))}`,
  )
}

function comparison({ weekBefore, weekday }: Report): Html {
  if (!weekBefore) return html`<div><dt>Against the ${weekday} before</dt><dd class="name">no sales then</dd></div>`
  const { change, day, revenue } = weekBefore
  return html`<div><dt>Against the ${weekday} before</dt>
<dd><span class="${change < 0 ? 'less' : 'more'}">${formatChange(change)}</span>
<small><a href="${day}.html">${day}</a>: ${formatNumber(revenue)}</small></dd></div>`
}

function bestSeller({ bestSeller }: Report): Html | null {
  if (!bestSeller) return null
  return html`<div><dt>Best seller</dt><dd class="name">${bestSeller.product}
<small>${formatNumber(bestSeller.orders)} orders</small></dd></div>`
}

function categoryTable({ category, orders, revenue, products }: CategoryReport, report: Report): Html {
  const most = Math.max(...report.categories.flatMap((each) => each.products.map((product) => product.revenue)))
  return html`
<h2>${category}<small>${formatNumber(orders)} orders · ${formatNumber(revenue)}</small></h2>
<table>
<thead><tr><th>Product</th><th class="share"></th><th class="number">Orders</th><th class="number">Revenue</th></tr></thead>
<tbody>${products.map(
    (each) => html`
<tr><td>${each.product}</td><td class="share"><i style="width:${((100 * each.revenue) / most).toFixed(1)}%"></i></td>
<td class="number">${formatNumber(each.orders)}</td><td class="number">${formatNumber(each.revenue)}</td></tr>`,
  )}
</tbody>
</table>`
}
