import { type Html, html } from '../html.ts'
import type { PageParts, View } from '../page.ts'
import { count, plural } from '../show/figure.ts'
import { tasksAddress } from './tasks.ts'

export interface BatchPlan {
  verb: 'retry' | 'revoke'
  filter: string
  /** Jobs that match and that the verb applies to. */
  jobs: number
  /** Whether the count that was confirmed is no longer right. */
  changed: boolean
}

/** Asks before something is done to all jobs that a filter means: the count has to be typed. */
export function batchPage({ root }: View, plan: BatchPlan): PageParts {
  const { verb, filter, jobs, changed } = plan
  const title = `${verb === 'retry' ? 'Retry' : 'Revoke'} ${plural(jobs, 'job')}?`
  return {
    title,
    section: 'tasks',
    still: true,
    body: html`${changed ? html`<p class="notice again">The count is another one now. Nothing was changed.</p>` : ''}<section class="panel"><div class="body">${
      jobs === 0
        ? html`<p class="empty">No job that matches can be ${verb === 'retry' ? 'retried' : 'revoked'}.</p>`
        : form(root, plan)
    }<p><a class="button" href="${tasksAddress(root, { q: filter })}">Leave them</a></p></div></section>`,
  }
}

function form(root: string, { verb, filter, jobs }: BatchPlan): Html {
  return html`<form class="form" method="post" action="${root}act/jobs"><p></p>
<p>${verb === 'retry' ? 'Put back into their queues, with one more attempt each:' : 'Waiting jobs end at once, running ones are told to end:'} ${count(jobs)} that match <code>${filter || 'no filter, that is all'}</code>.</p>
<input type="hidden" name="q" value="${filter}">
<label>Type ${count(jobs)} to confirm<input name="count" inputmode="numeric" autocomplete="off" required pattern="[0-9,]+"></label>
<div class="actions"><button class="${verb === 'revoke' ? 'danger' : 'main'}" name="do" value="${verb}-all">${verb === 'retry' ? 'Retry them' : 'Revoke them'}</button></div></form>`
}
