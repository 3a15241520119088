import { type Html, html } from '../html.ts'

/** An error with its stack and its chain of causes; only text, whatever a task threw. */
export function errorBlock(error: Error, open = true, depth = 0): Html {
  const { cause } = error
  const code = (error as { code?: unknown }).code
  const parts = error instanceof AggregateError ? error.errors.slice(0, 20) : []
  return html`<div class="error"><p><span class="name">${error.name}</span>${
    typeof code === 'string' || typeof code === 'number' ? html` <span class="tag">${code}</span>` : ''
  }: ${error.message || 'no message'}</p>${
    error.stack
      ? html`<details ${open ? 'open' : ''}><summary>Stack</summary><pre class="value" tabindex="0">${error.stack}</pre></details>`
      : ''
  }${depth < 10 && cause instanceof Error ? html`<p class="small quiet">caused by</p>${errorBlock(cause, false, depth + 1)}` : ''}${
    depth < 3 ? parts.filter((one) => one instanceof Error).map((one: Error) => errorBlock(one, false, depth + 1)) : ''
  }</div>`
}
