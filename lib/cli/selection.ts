import type { JobSelection } from '../control.ts'
import { formatJobFilter, type JobFilter } from '../domain/job-filter.ts'
import type { Call } from './command.ts'
import { wrongUse } from './exit.ts'
import { filterOf } from './filter.ts'
import { count } from './output/text.ts'

export interface Selection {
  jobs: JobSelection
  /** In words. */
  said: string
  /** Whether jobs were named one by one. */
  named: boolean
}

/** The jobs of a command line: ids, or a filter by options and `--filter`. */
export function selectionOf({ args, options }: Call): Selection {
  const filter = filterOf(options.filter === undefined ? [] : [String(options.filter)], options)
  const filtered = Object.keys(filter).length > 0
  if (args.length > 0 && filtered) wrongUse('give ids or a filter, not both')
  if (args.length > 0) {
    const said = args.length === 1 ? `job ${args[0]}` : count(args.length, 'job')
    return { jobs: args.length === 1 ? (args[0] as string) : args, said, named: true }
  }
  if (!filtered)
    wrongUse('give the ids of jobs, or a filter such as --filter "state:failure since:1h"; task:* means all')
  return { jobs: filter, said: `the jobs of ${formatJobFilter(filter)}`, named: false }
}

export function isFilter(jobs: JobSelection): jobs is JobFilter {
  return typeof jobs === 'object' && !Array.isArray(jobs)
}
