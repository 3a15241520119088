import type { FilterTerms } from '../domain/job-filter.ts'
import { isFinal, type State } from '../domain/states.ts'
import { NotRetryable, UnknownTask } from '../errors.ts'
import { Pace } from '../store/jobs/pace.ts'
import type { SteeredJob } from '../store/jobs/retry.ts'
import type { RevokedJob } from '../store/jobs/revoke.ts'
import type { Parts } from './parts.ts'

/** Jobs looked up for one turn of a batch. */
const PAGE = 500
/** Longest that a batch looks for jobs, and then writes, before others have their turn, in ms. */
const SLICE = 8

interface Revoked {
  state: State | null
  ended: RevokedJob[]
}

/** Ends one job: a waiting one at once, a running one by telling whoever runs it. Resolves with its state; null for an unknown id. */
export async function revoke(
  parts: Parts,
  id: string,
  terminate: boolean,
  reason: string | null,
): Promise<State | null> {
  const done = await parts.edits.make((now) => parts.store.revocations.revoke(id, terminate, reason, now))
  revoked(parts, [done])
  // One that no thread has is on its way back: taken out of a line, it ends in the turn that comes.
  return done.state === 'STARTED' && !parts.revoker.holds(id)
    ? parts.edits.make(() => parts.store.reads.state(id))
    : done.state
}

/** Ends the jobs that are meant; resolves with how many were ended or told to end. */
export async function revokeAll(
  parts: Parts,
  jobs: string[] | FilterTerms,
  terminate: boolean,
  reason: string | null,
): Promise<number> {
  return batch(
    parts,
    jobs,
    (job, now) => {
      return isFinal(job.state) ? null : parts.store.revocations.revoke(job.id, terminate, reason, now)
    },
    (done) => revoked(parts, done),
  )
}

/**
 * Makes an ended job wait once more.
 * @throws UnknownTask, NotRetryable
 */
export async function retry(parts: Parts, id: string): Promise<State> {
  return parts.edits.make((now) => {
    const job = parts.store.retries.steered(id)
    if (!job) throw new UnknownTask(`no job ${id} is stored in this file, so there is nothing to retry — check the id`)
    if (!retryNow(parts, job, now)) throw new NotRetryable(whyNot(job))
    return parts.store.reads.state(id) as State
  })
}

/** Makes the jobs that are meant wait once more, as far as they can be retried; resolves with how many. */
export async function retryAll(parts: Parts, jobs: string[] | FilterTerms): Promise<number> {
  // One moment for all: among themselves they keep their order of arrival.
  const begun = parts.clock.now()
  return batch(
    parts,
    jobs,
    (job) => (retryNow(parts, job, begun) ? job : null),
    (done) => done.length,
  )
}

/** Counts what a filter means, for at most one slice; `next` says where to go on. */
export function count(
  { store, clock }: Parts,
  terms: FilterTerms,
  after: number | null,
): { count: number; next: number | null } {
  const monotonic = (): number => clock.monotonic()
  const end = monotonic() + SLICE
  let counted = 0
  let next = after
  do {
    const page = store.search.page(terms, PAGE, next, new Pace(end - monotonic(), monotonic))
    counted += page.seqs.length
    next = page.next
  } while (next !== null && monotonic() < end)
  return { count: counted, next }
}

/** The one way by which a job that ended becomes PENDING. */
function retryNow({ store, dispatcher }: Parts, job: SteeredJob, now: number): boolean {
  if (!store.retries.retry(job, now)) return false
  dispatcher.open(job.queue, job.task)
  return true
}

function whyNot({ id, task, state, forgotten }: SteeredJob): string {
  const job = `job ${id} (${task})`
  if (state === 'SUCCESS') return `${job} succeeded — enqueue a new job to run it again`
  if (forgotten === 1) return `the arguments of ${job} were forgotten — enqueue a new job`
  if (isFinal(state)) return `another job holds the unique key of ${job} — retry it once that one has ended`
  return `${job} is ${state} and has not ended — revoke it first, or wait for its end`
}

/** After the commit: tells of what was ended, and ends what runs here. Returns how many jobs that makes. */
function revoked({ revoker, clock }: Parts, jobs: readonly Revoked[]): number {
  const ended = jobs.flatMap((job) => job.ended)
  const running = jobs.filter(({ state }) => state === 'STARTED').length
  revoker.announce(ended, clock.now())
  if (running > 0) revoker.look()
  return ended.length + running
}

/**
 * Changes the jobs that are meant, by a filter the newest first, in slices: neither the search nor a transaction holds
 * the writer for longer than one. Jobs that are stored meanwhile are not meant.
 */
async function batch<T>(
  { store, edits, clock }: Parts,
  jobs: string[] | FilterTerms,
  change: (job: SteeredJob, now: number) => T | null,
  committed: (changed: T[]) => number,
): Promise<number> {
  let total = 0
  let after: number | null = null
  do {
    const pace = new Pace(SLICE, () => clock.monotonic())
    const page: { found: (string | number)[]; next: number | null } = Array.isArray(jobs)
      ? { found: jobs, next: null }
      : foundBy(store.search.page(jobs, PAGE, after, pace))
    for (let at = 0; at < page.found.length; ) {
      const from = at
      const slice = await edits.make((now) => {
        const until = clock.monotonic() + SLICE
        const changed: T[] = []
        let next = from
        while (next < page.found.length && clock.monotonic() < until) {
          const job = store.retries.steered(page.found[next++] as string | number)
          // Between the search and now a job may have left the states that are meant.
          if (!job || (!Array.isArray(jobs) && jobs.states?.includes(job.state) === false)) continue
          const result = change(job, now)
          if (result !== null) changed.push(result)
        }
        return { changed, next }
      })
      at = slice.next
      total += committed(slice.changed)
    }
    after = page.next
    // Even a search that finds nothing lets others have their turn.
    await new Promise<void>((resolve) => setImmediate(resolve))
  } while (after !== null)
  return total
}

function foundBy({ seqs, next }: { seqs: number[]; next: number | null }): { found: number[]; next: number | null } {
  return { found: seqs, next }
}
