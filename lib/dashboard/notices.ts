import { type Html, html } from './html.ts'
import { plural } from './show/figure.ts'

/** What a page says after a change. The address only carries the key, so that nobody can put words into a page by a link. */
const NOTICES: Readonly<Record<string, string>> = {
  revoked: 'Revoked.',
  'revoke-asked': 'It runs, and was told to end.',
  'ended-before': 'It had ended before.',
  retried: 'Put back into its queue, with one more attempt.',
  triggered: 'Enqueued by its schedule, out of turn.',
  enqueued: 'Enqueued as a new job.',
  paused: 'Paused.',
  resumed: 'Resumed.',
  reset: 'It follows its declaration again.',
}

export function noticeOf(params: URLSearchParams): Html | null {
  const key = params.get('done') ?? ''
  const jobs = params.get('jobs')
  if (/^(retried|revoked)$/.test(key) && jobs !== null && /^\d{1,9}$/.test(jobs)) {
    return html`<p class="notice" role="status">${plural(Number(jobs), 'job')} ${key === 'retried' ? 'put back into the queue' : 'revoked or told to end'}.</p>`
  }
  const text = Object.hasOwn(NOTICES, key) ? NOTICES[key] : undefined
  return text === undefined ? null : html`<p class="notice" role="status">${text}</p>`
}
