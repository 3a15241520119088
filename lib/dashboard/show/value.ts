import { inspect } from 'node:util'
import { type Html, html } from '../html.ts'

/** Most characters of a value on a page; the rest is in the download. */
const SHOWN = 20_000

/** JSON where the value is JSON, what Node prints of it otherwise. */
export function asText(value: unknown, indent = 2): string {
  if (isPlain(value, 0)) return JSON.stringify(value, null, indent)
  return inspect(value, {
    depth: 8,
    maxArrayLength: 1_000,
    maxStringLength: 100_000,
    breakLength: indent ? 100 : Number.POSITIVE_INFINITY,
  })
}

/** One line of at most `longest` characters. */
export function asLine(value: unknown, longest: number): string {
  const text = value === undefined ? '' : asText(value, 0)
  return text.length > longest ? `${text.slice(0, longest)}…` : text
}

/** Whether JSON keeps the value as it is. */
export function isPlain(value: unknown, depth = 0): boolean {
  if (depth > 100) return false
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true
  if (typeof value === 'number') return Number.isFinite(value)
  if (Array.isArray(value)) return value.every((member) => isPlain(member, depth + 1))
  if (typeof value !== 'object') return false
  const prototype = Object.getPrototypeOf(value) as unknown
  if (prototype !== Object.prototype && prototype !== null) return false
  return Object.values(value).every((member) => isPlain(member, depth + 1))
}

/** A value on its page: coloured, foldable by its own scroll bar, cut when it is huge. */
export function valueBlock(value: unknown, download: string | null): Html {
  if (value === undefined) return html`<p class="quiet small">none</p>`
  const text = asText(value)
  const cut = text.length > SHOWN
  const more = cut && download !== null
  return html`<pre class="value" tabindex="0">${coloured(cut ? text.slice(0, SHOWN) : text)}${cut ? '…' : ''}</pre>${
    more ? html`<p class="small"><a href="${download}" download>All ${text.length} characters</a></p>` : ''
  }`
}

const TOKEN = /("(?:[^"\\]|\\.)*")(\s*:)?|(-?\b\d+(?:\.\d+)?(?:[eE][+-]?\d+)?\b)|\b(true|false|null|undefined)\b/g

function coloured(text: string): Html[] {
  const parts: Html[] = []
  let end = 0
  for (const match of text.matchAll(TOKEN)) {
    const [whole, text_, colon, number, word] = match
    parts.push(html`${text.slice(end, match.index)}`)
    end = match.index + whole.length
    if (text_ !== undefined)
      parts.push(html`<span class="${colon === undefined ? 's' : 'k'}">${text_}</span>${colon ?? ''}`)
    else parts.push(html`<span class="${number === undefined ? 'w' : 'n'}">${number ?? word}</span>`)
  }
  parts.push(html`${text.slice(end)}`)
  return parts
}
