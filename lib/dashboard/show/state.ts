import { type Html, html } from '../html.ts'

/** Colour and mark of each state: nobody should have to tell them by colour alone. */
const LOOKS: Readonly<Record<string, string>> = {
  SCHEDULED: 'later hollow',
  PENDING: 'wait hollow',
  BLOCKED: 'held hollow',
  STARTED: 'busy',
  RETRY: 'again hollow',
  SUCCESS: 'good',
  FAILURE: 'bad square',
  REVOKED: 'wait square',
  EXPIRED: 'again square',
  success: 'good',
  failure: 'bad square',
  retry: 'again hollow',
  crash: 'bad square',
  revoked: 'wait square',
  running: 'busy',
  fired: 'good',
  missed: 'bad square',
  skipped: 'wait hollow',
  coalesced: 'later hollow',
  moved: 'again hollow',
}

export const toneOf = (state: string): string => (LOOKS[state] ?? 'wait').split(' ')[0] as string

export function stateLabel(state: string): Html {
  return html`<span class="state ${LOOKS[state] ?? 'wait'}"><i class="${state === 'STARTED' ? 'pulse' : ''}"></i>${state}</span>`
}
