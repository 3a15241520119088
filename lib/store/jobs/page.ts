import type { FilterTerms } from '../../domain/job-filter.ts'
import type { StoredJob, StoredPage } from '../../wire/messages.ts'
import type { JobReads } from './read.ts'
import type { JobSearch } from './search.ts'

/** Arguments and results that a page may carry, in bytes or characters; its first job always fits. */
const CARRIED = 4_194_304

/** Reads a page of jobs whole. @param goOn whether the search may take more time */
export function jobPage(
  search: JobSearch,
  reads: JobReads,
  { terms, limit, after }: { terms: FilterTerms; limit: number; after: number | null },
  goOn: () => boolean,
): StoredPage {
  const found = search.page(terms, limit, after, goOn)
  const listed: StoredJob[] = []
  let carried = 0
  let last = 0
  for (const { seq, ...job } of reads.bySeq(found.seqs)) {
    carried += (job.args?.length ?? 0) + (job.result?.length ?? 0)
    if (carried > CARRIED && listed.length > 0) return { jobs: listed, next: last }
    listed.push(job)
    last = seq
  }
  return { jobs: listed, next: found.next }
}
