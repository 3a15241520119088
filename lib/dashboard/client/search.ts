import { merge } from './merge.ts'
import { refreshTimes } from './times.ts'

/** Most pages that are asked for without another word, and the pause between two, in ms. */
const PAGES = 500
const PAUSE = 20

/** Goes on with a search that has found nothing in the part of the file that it looked at, until it finds something. */
export async function searchOn(): Promise<void> {
  const main = document.getElementById('main')
  if (!main?.querySelector('a[data-go-on]')) return
  for (let page = 0; page < PAGES && (await nextPage(main)); page++)
    await new Promise((resolve) => setTimeout(resolve, PAUSE))
  for (const hidden of main.querySelectorAll('[data-script]')) hidden.removeAttribute('hidden')
  document.dispatchEvent(new CustomEvent('merged'))
}

/** Shows the next page; false when there is none to go on to. */
async function nextPage(main: HTMLElement): Promise<boolean> {
  const link = main.querySelector<HTMLAnchorElement>('a[data-go-on]')
  if (!link || document.hidden) return false
  const response = await fetch(link.href, { headers: { 'x-part': 'changing' }, cache: 'no-store' }).catch(() => null)
  if (!response?.ok) return false
  const fresh = new DOMParser().parseFromString(await response.text(), 'text/html').querySelector('main')
  if (!fresh) return false
  // The address is that of what is shown, for whoever reloads, and for what keeps the page up to date.
  history.replaceState(null, '', link.href)
  merge(main, fresh)
  refreshTimes()
  return true
}
