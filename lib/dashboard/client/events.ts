import { address } from './address.ts'

interface Change {
  event: string
  at: number
  id?: string
  task?: string
  schedule?: string
  key?: string
  error?: string
}

const KEPT = 500

const TONES: Record<string, string> = {
  'task-succeeded': 'good',
  'task-failed': 'bad',
  'task-started': 'busy',
  'task-retried': 'again',
  'task-expired': 'again',
  'worker-offline': 'bad',
}

/** Adds rows as things happen. Everything is put in as text, whatever it says. */
export function followEvents(): void {
  const body = document.getElementById('events')
  const state = document.getElementById('events-state')
  const button = document.getElementById('events-pause')
  if (!body || !state || !button) return
  let held: Change[] | null = null
  // The first tick says that from then on nothing is missed.
  state.textContent = 'connecting'

  const add = (changes: readonly Change[]): void => {
    body.prepend(...changes.map(rowOf).reverse())
    while (body.children.length > KEPT) body.lastElementChild?.remove()
  }
  document.addEventListener('tick', (event) => {
    const { changes, skipped } = (event as CustomEvent<{ changes: Change[]; skipped: number }>).detail
    if (held) held = [...held, ...changes].slice(-KEPT)
    else add(changes)
    state.textContent = held
      ? `paused, ${held.length} held back`
      : skipped > 0
        ? `as they happen; ${skipped} more went by too fast`
        : 'as they happen'
  })
  button.addEventListener('click', () => {
    if (held) {
      add(held)
      held = null
    } else held = []
    button.setAttribute('aria-pressed', String(held !== null))
    button.textContent = held ? 'Go on' : 'Pause'
    state.textContent = held ? 'paused' : 'as they happen'
  })
}

function rowOf({ event, at, id, task, schedule, key, error }: Change): HTMLTableRowElement {
  const row = document.createElement('tr')
  row.className = TONES[event] ?? 'wait'
  const cell = (className: string, ...content: (string | Node)[]): void => {
    const made = document.createElement('td')
    made.className = className
    made.append(...content)
    row.append(made)
  }
  const time = new Date(at).toISOString()
  cell('mono nowrap', time.slice(11, 23))
  cell('tone nowrap', event)
  const under = document.createElement('span')
  under.className = 'under'
  under.textContent = (error ?? '').slice(0, 200)
  cell('anywhere', task ?? schedule ?? key ?? '', ...(error ? [under] : []))
  const link = document.createElement('a')
  link.href = address(`task/${encodeURIComponent(id ?? '')}`).href
  link.textContent = id ?? ''
  cell('wide mono nowrap', ...(id ? [link] : []))
  return row
}
