import { type Html, html } from './html.ts'

const icon = (body: Html): Html =>
  html`<svg viewBox="0 0 16 16" fill="none" stroke="currentColor" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">${body}</svg>`

/** Drawn for this dashboard; nothing is fetched from elsewhere. */
export const icons = {
  brand: html`<svg viewBox="0 0 26 26" fill="none" stroke="currentColor" stroke-width="1.9" stroke-linecap="round" aria-hidden="true"><path d="M13 24c-4.6 0-7.6-2.7-7.6-6.4 0-3.3 2.9-5.4 7.6-5.4s7.6 2.1 7.6 5.4c0 3.7-3 6.4-7.6 6.4Z"/><path d="M10.4 12.5C10 9 8.400 6.600 6 5M13 12.200V2.500M15.600 12.500C16 9 17.600 6.600 20 5"/><path d="M9.600 18.200h.01M13 20h.01M16.200 17.600h.01"/></svg>`,
  overview: icon(html`<path d="M2 13.5V9M6 13.500V4M10 13.500V7M14 13.500V2"/>`),
  tasks: icon(html`<path d="M2 4h12M2 8h12M2 12h8"/>`),
  queues: icon(
    html`<path d="M2.500 4.500 8 2l5.500 2.500L8 7 2.500 4.500ZM2.500 8 8 10.500 13.500 8M2.500 11.500 8 14l5.500-2.500"/>`,
  ),
  schedules: icon(html`<circle cx="8" cy="8" r="6"/><path d="M8 4.500V8l2.300 1.600"/>`),
  workers: icon(
    html`<rect x="3.500" y="3.500" width="9" height="9" rx="1.500"/><path d="M6 1.500v2M10 1.500v2M6 12.500v2M10 12.500v2M1.500 6h2M1.500 10h2M12.500 6h2M12.500 10h2"/>`,
  ),
  events: icon(html`<path d="M1.500 8h3l2-5 3 10 2-5h3"/>`),
  audit: icon(html`<path d="M4 1.800h6.500L13 4.300v9.900H4V1.800ZM6.500 6h4M6.500 8.500h4M6.500 11h2.500"/>`),
} as const
