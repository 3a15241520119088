import type { DashboardData } from '../data.ts'
import { html } from '../html.ts'
import type { PageParts, View } from '../page.ts'
import { exact, moment } from '../show/time.ts'

const SHOWN = 200

export async function auditPage(view: View, data: DashboardData): Promise<PageParts> {
  const entries = await data.audit(SHOWN)
  return {
    title: 'Audit',
    section: 'audit',
    head: html`<h1>Audit</h1><span class="quiet">what people changed by hand, the latest first</span>`,
    body: html`<section class="panel">${
      entries.length === 0
        ? html`<p class="empty">Nobody has changed anything by hand.</p>`
        : html`<div class="scroll"><table class="fold"><thead><tr><th>When</th><th>Who</th><th>What</th><th>Of</th><th>Outcome</th></tr></thead><tbody>${entries.map(
            ({ at, user, action, target, outcome }) =>
              html`<tr><td class="nowrap" title="${exact(at)}">${moment(at, view.now)}</td><td data-name="by">${user}</td><td class="nowrap">${action}</td><td class="anywhere"><code>${target}</code></td><td class="anywhere">${outcome ?? html`<span class="again tone">not known</span>`}</td></tr>`,
          )}</tbody></table></div>`
    }</section>`,
  }
}
