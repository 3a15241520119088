import type { FilterTerms, JobFilter } from './domain/job-filter.ts'
import { type JobInfo, jobInfo } from './job-info.ts'
import { integerOr, optionsOf } from './options/check.ts'
import { filterTerms } from './options/filter-options.ts'
import type { StoredPage } from './wire/messages.ts'

export interface PageOptions {
  /** Most jobs of the page, 1 to 1,000. Default 100. */
  limit?: number
  /** `next` of the page before. Default: begin with the newest job. */
  after?: number | null
}

export interface FoundJobs {
  /** The newest first. */
  jobs: JobInfo[]
  /** What to pass as `after` for the page that follows; null when there is none. */
  next: number | null
  /**
   * Set when the search broke off before the page was full: jobs that were enqueued before this time are still to be looked
   * at, from `next` on.
   */
  reached: Date | null
}

/** A page as it is handed out. */
export function foundJobs({ jobs, next, reached }: StoredPage, hidden: readonly string[]): FoundJobs {
  return { jobs: jobs.map((job) => jobInfo(job, hidden)), next, reached: reached === null ? null : new Date(reached) }
}

/**
 * The checked form of what `jobs()` was asked for.
 * @throws InvalidOption
 */
export function pageAsked(
  filter: JobFilter,
  options: PageOptions,
  now: number,
): { terms: FilterTerms; limit: number; after: number | null } {
  const given = optionsOf(options, 'jobs()', ['limit', 'after'])
  return {
    terms: filterTerms(filter, 'jobs()', now),
    limit: integerOr(given.limit, 'jobs(): limit', 100, 1, 1_000),
    after: given.after === null ? null : integerOr(given.after, 'jobs(): after', null, Number.MIN_SAFE_INTEGER),
  }
}
