import { InvalidOption } from '../errors.ts'
import { type Duration, formatDuration, toMilliseconds } from './duration.ts'
import { STATES, type State } from './states.ts'

/** Which jobs are meant. Each term that is given must hold; an empty filter means every job. */
export interface JobFilter {
  /** One state, or several of which any will do. */
  state?: State | readonly State[]
  /** The task's name; `*` stands for any text. */
  task?: string
  queue?: string
  tag?: string
  /** Text within the name, message or code of the last error or of its causes, in either case of letters. */
  error?: string
  /** Enqueued at this time or later: a Date, epoch ms, or a duration such as `'1h'` for that long ago. */
  since?: Date | number | string
  /** Enqueued at this time or earlier, given like `since`. */
  until?: Date | number | string
  /** Name of the schedule that stored the job. */
  schedule?: string
  /** Id of the job that enqueued it. */
  parent?: string
  /** Id of the first job of its tree; that job is meant too. */
  root?: string
}

/** A filter in its checked form, as it is searched by; null where the term is not given. */
export interface FilterTerms {
  states: readonly State[] | null
  task: string | null
  queue: string | null
  tag: string | null
  error: string | null
  /** Epoch ms. */
  since: number | null
  /** Epoch ms. */
  until: number | null
  schedule: string | null
  parent: string | null
  root: string | null
}

/** The terms of a filter, in the order in which they are written. */
export const FILTER_KEYS = [
  'state',
  'task',
  'queue',
  'tag',
  'error',
  'since',
  'until',
  'schedule',
  'parent',
  'root',
] as const satisfies readonly (keyof JobFilter)[]

const TERM = /\s*(?:([a-z]+):("(?:[^"\\]|\\.)*"|[^\s"]*)(?=\s|$)|(\S+))/giy
const EXAMPLE = 'state:failure task:send_* queue:mail tag:x error:"timed out" since:1h'
const LONGEST = 2_000

/**
 * Reads a filter from its text: terms `name:value` apart by spaces, a value with spaces in double quotes.
 * `state:` takes names in either case of letters, several joined by commas.
 * @throws InvalidOption naming the term that cannot be read
 */
export function parseJobFilter(text: string): JobFilter {
  if (typeof text !== 'string' || text.length > LONGEST) refuseText(`is no text of at most ${LONGEST} characters`)
  const filter: Record<string, unknown> = {}
  const term = new RegExp(TERM)
  while (term.lastIndex < text.trimEnd().length) {
    const [, name, quoted, rest] = term.exec(text) as RegExpExecArray
    if (name === undefined || quoted === undefined) refuseText(`has ${JSON.stringify(rest)}, which is no name:value`)
    const key = name.toLowerCase()
    if (!(FILTER_KEYS as readonly string[]).includes(key))
      refuseText(`has ${JSON.stringify(name)}, which is none of ${FILTER_KEYS.join(', ')}`)
    if (key in filter) refuseText(`has ${key} twice`)
    const value = quoted.startsWith('"') ? quoted.slice(1, -1).replace(/\\(.)/g, '$1') : quoted
    if (value === '') refuseText(`has no value after ${name}:`)
    filter[key] = key === 'state' ? statesIn(value) : key === 'since' || key === 'until' ? momentIn(key, value) : value
  }
  return filter as JobFilter
}

/** The text of a filter, which `parseJobFilter` reads back. */
export function formatJobFilter(filter: JobFilter): string {
  const terms: string[] = []
  for (const key of FILTER_KEYS) {
    const value = filter[key]
    if (value === undefined) continue
    if (key === 'state') terms.push(`state:${[value].flat().join(',').toLowerCase()}`)
    else if (value instanceof Date) terms.push(`${key}:${value.toISOString()}`)
    else if (typeof value === 'number') terms.push(`${key}:${new Date(value).toISOString()}`)
    else terms.push(`${key}:${quoted(String(value))}`)
  }
  return terms.join(' ')
}

/** Whether `name` is what `glob` means, where `*` stands for any text. */
export function matchesGlob(name: string, glob: string): boolean {
  const parts = glob.split('*')
  if (parts.length === 1) return name === glob
  const [first, last] = [parts[0] as string, parts.at(-1) as string]
  if (!name.startsWith(first) || !name.endsWith(last) || name.length < first.length + last.length) return false
  let at = first.length
  for (const part of parts.slice(1, -1)) {
    at = name.indexOf(part, at)
    if (at === -1) return false
    at += part.length
  }
  return at <= name.length - last.length
}

/** Moment of `since` or `until`: a duration counts back from `now`. */
export function momentOfFilter(value: Date | number | Duration, name: string, now: number): number {
  if (typeof value === 'string') return Math.round(now - toMilliseconds(value, name))
  return Math.round(Number(value))
}

function statesIn(value: string): State | State[] {
  const states = value
    .toUpperCase()
    .split(',')
    .map((state) => {
      if ((STATES as readonly string[]).includes(state)) return state as State
      return refuseText(`has the state ${JSON.stringify(state)}, which is none of ${STATES.join(', ')}`)
    })
  return states.length === 1 ? (states[0] as State) : states
}

/** A duration stays one, so that a filter that is kept goes on to mean the same; a date is read as UTC. */
function momentIn(name: string, value: string): Date | string {
  if (!/^\d{4}-\d\d-\d\d/.test(value)) return formatDuration(toMilliseconds(value, `the filter's ${name}`))
  const zoned = /T.*(?:Z|[+-]\d\d:?\d\d)$/i.test(value) || !value.includes('T') ? value : `${value}Z`
  const moment = new Date(zoned)
  if (Number.isNaN(moment.getTime())) refuseText(`has ${name}:${value}, which is no date — write 2026-01-31T06:00Z`)
  return moment
}

function quoted(value: string): string {
  return /[\s"\\]/.test(value) || value === '' ? `"${value.replace(/["\\]/g, '\\$&')}"` : value
}

function refuseText(what: string): never {
  throw new InvalidOption(`the filter ${what} — write it like ${EXAMPLE}`)
}
