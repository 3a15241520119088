import { choices, chosenIn, SORTS, type TopState } from './state.ts'

/** What a key asks for besides another look of the screen. Capitals are needed for what changes something. */
export type Deed = { do: 'quit' } | { do: 'pause' | 'resume' | 'revoke' | 'terminate'; target: string }

export const KEYS: readonly [key: string, meaning: string][] = [
  ['q', 'quit'],
  ['s', 'sort by time, task, queue'],
  ['tab', 'jobs or queues'],
  ['j k ↑ ↓', 'choose'],
  ['P', 'pause the queue'],
  ['U', 'resume the queue'],
  ['R', 'revoke the job'],
  ['T', 'revoke, by force after 5 s'],
  ['?', 'help'],
]

/** The state after a key, and what is to be done. */
export function pressed(state: TopState, key: string): { state: TopState; deed: Deed | null } {
  const next = (change: Partial<TopState>): { state: TopState; deed: null } => ({
    state: { ...state, notice: null, ...change },
    deed: null,
  })
  switch (key) {
    case 'q':
    case 'ctrl+c':
      return { state, deed: { do: 'quit' } }
    case 's':
      return next({ sort: SORTS[(SORTS.indexOf(state.sort) + 1) % SORTS.length] as TopState['sort'] })
    case 'tab':
      return next({ focus: state.focus === 'jobs' ? 'queues' : 'jobs', chosen: null })
    case 'j':
    case 'down':
      return next({ chosen: moved(state, 1) })
    case 'k':
    case 'up':
      return next({ chosen: moved(state, -1) })
    case '?':
      return next({ help: !state.help })
    case 'P':
      return deedOn(state, 'queues', 'pause')
    case 'U':
      return deedOn(state, 'queues', 'resume')
    case 'R':
      return deedOn(state, 'jobs', 'revoke')
    case 'T':
      return deedOn(state, 'jobs', 'terminate')
    default:
      return { state, deed: null }
  }
}

function moved(state: TopState, by: number): string | null {
  const all = choices(state)
  const at = all.indexOf(chosenIn(state) ?? '')
  return all[Math.max(0, Math.min(all.length - 1, at + by))] ?? null
}

function deedOn(
  state: TopState,
  focus: TopState['focus'],
  deed: 'pause' | 'resume' | 'revoke' | 'terminate',
): { state: TopState; deed: Deed | null } {
  if (state.focus !== focus) {
    const notice = `${deed} is for a ${focus === 'jobs' ? 'job' : 'queue'}: tab goes there`
    return { state: { ...state, notice }, deed: null }
  }
  const target = chosenIn(state)
  if (target === null) return { state: { ...state, notice: `there is nothing to ${deed}` }, deed: null }
  return { state: { ...state, chosen: target, notice: null }, deed: { do: deed, target } }
}
