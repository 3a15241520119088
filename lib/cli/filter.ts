import { type JobFilter, parseJobFilter } from '../domain/job-filter.ts'

const KEYS = ['state', 'task', 'queue', 'tag', 'error', 'since', 'until', 'schedule', 'parent', 'root'] as const

/**
 * The filter of a command line: terms as text, and options, which are the same terms.
 * @throws InvalidOption
 */
export function filterOf(words: readonly string[], options: Readonly<Record<string, unknown>>): JobFilter {
  const terms = [...words]
  for (const key of KEYS) {
    const value = options[key]
    if (value !== undefined) terms.push(`${key}:${JSON.stringify(String(value))}`)
  }
  return parseJobFilter(terms.join(' '))
}
