import type { JobInfo } from '../../index.ts'
import { html } from '../html.ts'
import type { PageParts, View } from '../page.ts'
import { jobAddress } from '../show/jobs.ts'
import { stateLabel } from '../show/state.ts'

/** Asks before a running job is ended. */
export function revokePage({ root }: View, { id, task, state }: JobInfo): PageParts {
  return {
    title: `Revoke ${task}`,
    section: 'tasks',
    still: true,
    head: html`<h1>Revoke ${task}?</h1>${stateLabel(state)}`,
    body: html`<section class="panel"><div class="body"><form class="form" method="post" action="${root}act/job"><p></p>
<p>The job <code>${id}</code> runs. Its signal aborts, and a task that heeds it ends by itself.</p>
<input type="hidden" name="id" value="${id}"><input type="hidden" name="confirmed" value="yes">
<label class="check"><input type="checkbox" name="terminate" value="yes"> Terminate its thread after 5 s if it does not</label>
<label>Reason, kept with the job<input name="reason" maxlength="500"></label>
<div class="actions"><button class="danger" name="do" value="revoke">Revoke</button><a class="button" href="${jobAddress(root, id)}">Leave it</a></div>
</form></div></section>`,
  }
}
