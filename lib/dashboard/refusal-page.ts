import type { Refusal } from './access.ts'
import { type Html, html } from './html.ts'

/**
 * A page that needs no style sheet, because whoever is refused gets nothing else from here.
 *
 * @param root what relative addresses begin with, for whoever has come in; null for whoever has not
 */
export const refusalPage = (
  { status, fact, fix }: Omit<Refusal, 'status'> & { status: number },
  nonce: string,
  root: string | null = null,
): Html => html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${status} · ${fact}</title><meta name="viewport" content="width=device-width, initial-scale=1">
<style nonce="${nonce}">${style}</style>
</head><body><main><p class="status">${status}</p><h1>${fact}</h1><p>${fix.replace('?token', '?\u2060token')}</p>${root === null ? '' : html`<p><a href="${root}">To the overview</a></p>`}</main></body></html>
`

/** In the colours of the pages. */
const style = html`
:root { color-scheme: light dark; font: 14px/1.5 ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; background: light-dark(#f7f7f4, #121411); color: light-dark(#1c201b, #e4e8e1); }
body { margin: 0; padding: 16vh 1rem 2rem; }
main { max-width: 34rem; margin: 0 auto; padding: 1.4rem 1.6rem 1.5rem; border: 1px solid light-dark(#e3e5de, #2b302a); border-radius: 8px; background: light-dark(#ffffff, #191c18); overflow-wrap: anywhere; }
h1 { font-size: 1.2rem; font-weight: 620; letter-spacing: -.01em; line-height: 1.3; margin: .1rem 0 .5rem; }
p { margin: 0; } p + p { margin-top: .8rem; }
.status { color: light-dark(#5c645a, #9ca598); font-size: .86rem; font-variant-numeric: tabular-nums; }
a { color: light-dark(#28693a, #86cf92); }
`
