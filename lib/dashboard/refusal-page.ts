import type { Refusal } from './access.ts'
import { type Html, html } from './html.ts'

/** A page that needs no style sheet, because whoever is refused gets nothing else from here. */
export const refusalPage = (
  { status, fact, fix }: Omit<Refusal, 'status'> & { status: number },
  nonce: string,
): Html => html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${status}</title><meta name="viewport" content="width=device-width, initial-scale=1">
<style nonce="${nonce}">:root { color-scheme: light dark; font: 16px/1.5 ui-sans-serif, system-ui, sans-serif; } body { max-width: 36rem; margin: 18vh auto; padding: 0 1.5rem; } h1 { font-size: 1.1rem; margin: 0; }</style>
</head><body><h1>${fact}</h1><p>${fix}</p></body></html>
`
