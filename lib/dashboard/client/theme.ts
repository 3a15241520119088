import { address } from './address.ts'

const YEAR = 31_536_000

/** Light, dark, or as the system: kept in a cookie, so that the server sends the right page from the start. */
export function rememberTheme(): void {
  const button = document.getElementById('theme')
  button?.addEventListener('click', () => {
    const root = document.documentElement
    const dark = matchMedia('(prefers-color-scheme: dark)').matches
    const now = root.dataset.theme ?? 'system'
    const next = now === 'system' ? (dark ? 'light' : 'dark') : 'system'
    if (next === 'system') delete root.dataset.theme
    else root.dataset.theme = next
    // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store is not everywhere, and wants HTTPS
    document.cookie = `celeriac-theme=${next}; Path=${address('').pathname}; SameSite=Strict; Max-Age=${YEAR}`
    document.dispatchEvent(new CustomEvent('theme'))
  })
}
