import { FILTER_KEYS, type FilterTerms, type JobFilter, momentOfFilter } from '../domain/job-filter.ts'
import { STATES, type State } from '../domain/states.ts'
import { durationOr, momentOr, nameOf, optionsOf, refuse } from './check.ts'

/**
 * The checked form of a filter.
 * @param now epoch ms that durations count back from
 * @throws InvalidOption
 */
export function filterTerms(value: JobFilter | undefined, where: string, now: number): FilterTerms {
  const given = optionsOf(value, where, FILTER_KEYS) as JobFilter
  const name = (key: 'task' | 'queue' | 'tag' | 'schedule' | 'parent' | 'root'): string | null =>
    given[key] === undefined ? null : nameOf(given[key], `${where}: ${key}`)
  const moment = (key: 'since' | 'until'): number | null => {
    const at = given[key]
    if (at === undefined) return null
    if (typeof at === 'string') durationOr(at, `${where}: ${key}`, 0)
    else momentOr(at, `${where}: ${key}`, 0)
    return momentOfFilter(at, `${where}: ${key}`, now)
  }
  const { error } = given
  if (error !== undefined && (typeof error !== 'string' || error === '' || error.length > 1_000))
    refuse(`${where}: error`, error, 'a text of 1 to 1,000 characters')
  return {
    states: statesOf(given.state, `${where}: state`),
    task: name('task'),
    queue: name('queue'),
    tag: name('tag'),
    error: error ?? null,
    since: moment('since'),
    until: moment('until'),
    schedule: name('schedule'),
    parent: name('parent'),
    root: name('root'),
  }
}

function statesOf(value: unknown, option: string): State[] | null {
  if (value === undefined) return null
  const states = Array.isArray(value) ? value : [value]
  if (states.length === 0 || !states.every((state) => (STATES as readonly unknown[]).includes(state)))
    refuse(option, value, `one or several of ${STATES.join(', ')}`)
  return [...new Set(states as State[])]
}
