import type { FilterTerms } from '../../domain/job-filter.ts'
import type { StoredJob, StoredPage } from '../../wire/messages.ts'
import type { Pace } from './pace.ts'
import type { JobReads } from './read.ts'
import type { JobSearch } from './search.ts'

/** Arguments and results that a page may carry, in bytes or characters; its first job always fits. */
const CARRIED = 4_194_304

/** Reads a page of jobs whole. */
export function jobPage(
  search: JobSearch,
  reads: JobReads,
  { terms, limit, after }: { terms: FilterTerms; limit: number; after: number | null },
  pace: Pace,
): StoredPage {
  const found = search.page(terms, limit, after, pace)
  const listed: StoredJob[] = []
  let carried = 0
  let last = 0
  for (const { seq, ...job } of reads.bySeq(found.seqs)) {
    carried += (job.args?.length ?? 0) + (job.result?.length ?? 0)
    if (carried > CARRIED && listed.length > 0) return { jobs: listed, next: last, reached: null }
    listed.push(job)
    last = seq
  }
  return { jobs: listed, next: found.next, reached: found.reached }
}
