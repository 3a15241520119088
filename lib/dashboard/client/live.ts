import { address } from './address.ts'
import { merge } from './merge.ts'
import { refreshTimes } from './times.ts'

/**
 * Least time between two fetches of the page, in ms; times as long as the last one took when that is more, within a limit: a
 * server that is slow to answer has other things to do.
 */
const EVERY = 1_000
const RELAXED = 20
const LONGEST = 5_000

/** Keeps the page up to date while it is looked at: the server says that something happened, the page fetches itself. */
export function follow(): void {
  // The answer to a form has no address of its own to be fetched by.
  if (document.querySelector('main[data-still]')) return
  const button = document.getElementById('live')
  let source: EventSource | null = null
  let paused = sessionStorage.getItem('paused') === 'yes'
  let due = false
  let fetching = false
  let last = 0
  let every = EVERY

  const refresh = async (): Promise<void> => {
    if (fetching || !due) return
    const wait = last + every - Date.now()
    if (wait > 0) {
      setTimeout(() => void refresh(), wait)
      return
    }
    fetching = true
    due = false
    last = Date.now()
    try {
      const response = await fetch(location.href, { headers: { 'x-part': 'changing' }, cache: 'no-store' })
      const text = await response.text()
      every = Math.min(LONGEST, Math.max(EVERY, RELAXED * (Date.now() - last)))
      if (response.ok && !paused) show(text)
    } catch {
      // The server is away; the stream says when it is back.
    } finally {
      fetching = false
      if (due) void refresh()
    }
  }

  const open = (): void => {
    if (source || paused || document.hidden) return
    source = new EventSource(address(document.getElementById('events') ? 'live?events' : 'live'))
    source.addEventListener('tick', (event) => {
      document.dispatchEvent(new CustomEvent('tick', { detail: JSON.parse((event as MessageEvent<string>).data) }))
      due = true
      void refresh()
    })
    source.addEventListener('open', () => say('live'))
    source.addEventListener('error', () => say('waiting'))
  }
  const close = (): void => {
    source?.close()
    source = null
  }
  const say = (text: string): void => {
    if (!button) return
    button.textContent = text
    button.setAttribute('aria-pressed', String(!paused))
  }

  button?.addEventListener('click', () => {
    paused = !paused
    sessionStorage.setItem('paused', paused ? 'yes' : 'no')
    close()
    say(paused ? 'paused' : 'live')
    due = !paused
    open()
    void refresh()
  })
  // A tab that nobody looks at asks for nothing; when it is looked at again, it is brought up to date.
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) return close()
    due = !paused
    open()
    void refresh()
  })
  addEventListener('pagehide', close)
  addEventListener('pageshow', open)
  if (paused) say('paused')
  open()
}

function show(text: string): void {
  const sent = new DOMParser().parseFromString(text, 'text/html')
  const fresh = sent.querySelector('main')
  const [side, freshSide] = [document.querySelector('#side .nav'), sent.querySelector('#side .nav')]
  if (side && freshSide) merge(side, freshSide)
  const main = document.getElementById('main')
  if (!fresh || !main) return
  // A message about a change is read once.
  for (const notice of fresh.querySelectorAll('.notice')) notice.remove()
  const shown = main.querySelector('.notice')
  if (shown) fresh.prepend(document.importNode(shown, true))
  if (document.getElementById('events')) return
  if (wouldJump(main, fresh)) {
    main.querySelector('[data-fresh]')?.classList.add('on')
    return
  }
  main.querySelector('[data-fresh]')?.classList.remove('on')
  merge(main, fresh)
  for (const hidden of main.querySelectorAll('[data-script]')) hidden.removeAttribute('hidden')
  document.title = main.dataset.title ?? document.title
  refreshTimes()
  document.dispatchEvent(new CustomEvent('merged'))
}

/** Whether rows would move under somebody who reads, points or has chosen some. */
function wouldJump(main: Element, fresh: Element): boolean {
  const calm = main.querySelector('[data-calm]')
  if (!calm) return false
  const keys = (root: Element): string =>
    [...root.querySelectorAll('tr[data-key]')].map((row) => row.getAttribute('data-key')).join(' ')
  if (keys(main) === keys(fresh)) return false
  return (
    calm.getAttribute('data-calm') !== 'first' ||
    scrollY > 120 ||
    calm.querySelector('tbody:hover, tbody :focus, input:checked') !== null ||
    getSelection()?.isCollapsed === false
  )
}
