import type { Duration } from './domain/duration.ts'
import type { FilterTerms, JobFilter } from './domain/job-filter.ts'
import { toRate } from './domain/rate.ts'
import { type State, WAITING_STATES } from './domain/states.ts'
import type { ShutdownOptions } from './options/app-options.ts'
import { durationOr, integerOr, nameOf, optionsOf, refuse } from './options/check.ts'
import { filterTerms } from './options/filter-options.ts'
import { type ResultSource, type RevokeOptions, revokeSettings } from './result.ts'
import type { LineName } from './wire/obstacle.ts'
import { ASKED, askedOf, askWorkers, type WorkerReply, type WorkersAsked } from './workers-asked.ts'

/** Jobs by one id, by several, or by a filter of at least one term. */
export type JobSelection = string | readonly string[] | JobFilter

const REVOKABLE: readonly State[] = [...WAITING_STATES, 'STARTED']
const RETRYABLE: readonly State[] = ['FAILURE', 'REVOKED', 'EXPIRED']

/** All jobs of a queue, or all of a task. A text names a queue. */
export type Line = string | { queue: string } | { task: string }

/**
 * Steers jobs, queues and processes, from any process on the file. What it orders for queues and tasks is kept in the
 * file: all processes obey it, and restarts do not undo it.
 */
export class Control {
  readonly #source: ResultSource

  constructor(source: ResultSource) {
    this.#source = source
  }

  /**
   * Ends jobs: waiting ones at once, running ones by their signal, or by force with `terminate`. Resolves with how many
   * were ended or told to end. A filter means unfinished jobs only.
   * @throws InvalidOption
   */
  async revoke(jobs: JobSelection, options: RevokeOptions = {}): Promise<number> {
    const { terminate, reason } = revokeSettings(options)
    const requests = this.#source.requests()
    const meant = idsOf(jobs, 'revoke()') ?? termsOf(jobs as JobFilter, 'revoke()', REVOKABLE, REVOKABLE)
    return requests.ask<number>({ about: 'revoke-all', jobs: meant, terminate, reason })
  }

  /**
   * Runs ended jobs again: each is due at once, with one more attempt allowed and its history kept. Resolves with how
   * many. A filter that names no state means those that failed; among several jobs, those that cannot be retried are
   * left out.
   * @throws NotRetryable or UnknownTask for a single id, InvalidOption
   */
  async retry(jobs: JobSelection): Promise<number> {
    const requests = this.#source.requests()
    if (typeof jobs === 'string') {
      await requests.ask<State>({ about: 'retry', id: nameOf(jobs, 'retry(): id') })
      return 1
    }
    const meant = idsOf(jobs, 'retry()') ?? termsOf(jobs as JobFilter, 'retry()', ['FAILURE'], RETRYABLE)
    return requests.ask<number>({ about: 'retry-all', jobs: meant })
  }

  /**
   * Ends every job that waits in a queue, those with a time ahead of them too; running ones go on. Where Celery deletes
   * the messages, the jobs end here as REVOKED, so that whoever waits for one is told. Resolves with how many.
   */
  async purge(queue: string): Promise<number> {
    const terms = filterTerms({ queue: nameOf(queue, 'purge(): queue'), state: WAITING_STATES }, 'purge()', Date.now())
    return this.#source.requests().ask<number>({
      about: 'revoke-all',
      jobs: terms,
      terminate: false,
      reason: `queue "${queue}" was purged`,
    })
  }

  /**
   * Sets the most threads of a process's pool while it runs: a larger pool grows as there is work, a smaller one lets
   * threads go once their jobs end. Holds until that process ends. Of this process, unless the options name others.
   * @param threads 1 to 1,024
   * @throws InvalidOption; NoAnswer for a key that is not on the file
   */
  async pool(threads: number, asked: WorkersAsked = {}): Promise<WorkerReply<number>[]> {
    const args = { threads: integerOr(threads, 'pool(): threads', 1, 1, 1_024) }
    const to = askedOf(optionsOf(asked, 'pool()', ASKED) as WorkersAsked, 'pool()')
    const replies = await askWorkers(this.#source, { verb: 'pool', args, ...to }, (value: number) => value)
    if (to.to === 'own' && replies[0]?.error) throw replies[0].error
    return replies
  }

  /**
   * Stops apps warmly, as `app.stop()` does in their own process: all that consume the file, or those that the options
   * name. Resolves with who heard it, before they have stopped; a process ends by itself if nothing else holds it.
   * @throws InvalidOption; NoAnswer for a key that is not on the file
   */
  async shutdown(options: WorkersAsked & ShutdownOptions = {}): Promise<WorkerReply<true>[]> {
    const given = optionsOf(options, 'shutdown()', [...ASKED, 'drain', 'grace'])
    const drain = durationOr(given.drain, 'shutdown(): drain', undefined)
    const grace = durationOr(given.grace, 'shutdown(): grace', undefined)
    const args = { ...(drain !== undefined && { drain }), ...(grace !== undefined && { grace }) }
    const to = askedOf(given as WorkersAsked, 'shutdown()', 'all')
    return askWorkers(this.#source, { verb: 'shutdown', args, ...to }, () => true as const)
  }

  /** From the moment this resolves on no process starts a job of the queue or task. What runs goes on, and jobs are still stored. */
  async pause(line: Line): Promise<void> {
    await this.#source.requests().ask({ about: 'pause', line: lineName(line, 'pause()'), paused: true })
  }

  /**
   * Sets the rate of a task (a text names a task here, as in Celery) or of a queue, in all processes and until it is set
   * again: `'10/s'` or `{ limit, per }`; `null` for no limit; `'declared'` for what the code says.
   * @throws InvalidOption
   */
  async rateLimit(line: Line, rate: string | { limit: number; per: Duration } | null): Promise<void> {
    const name = lineName(typeof line === 'string' ? { task: line } : line, 'rateLimit()')
    const ordered = rate === null ? 'none' : rate === 'declared' ? null : toRate(rate, 'rateLimit(): rate')
    await this.#source.requests().ask({ about: 'rate-limit', line: name, rate: ordered })
  }

  /** Ends the pause of a queue or task; without an argument, of all of them. */
  async resume(line?: Line): Promise<void> {
    const name = line === undefined ? null : lineName(line, 'resume()')
    await this.#source.requests().ask({ about: 'pause', line: name, paused: false })
  }
}

function idsOf(jobs: JobSelection, where: string): string[] | null {
  if (typeof jobs === 'string') return [nameOf(jobs, `${where}: id`)]
  return Array.isArray(jobs) ? [...new Set(jobs.map((id: unknown) => nameOf(id, `${where}: id`)))] : null
}

/** @param usual states that are meant when none is named  @param possible states that can be meant at all */
function termsOf(filter: JobFilter, where: string, usual: readonly State[], possible: readonly State[]): FilterTerms {
  const terms = filterTerms(filter, where, Date.now())
  if (Object.values(terms).every((term) => term === null))
    refuse(
      `${where}: the filter`,
      filter,
      `a filter of at least one term, such as { queue: 'mail' }; { task: '*' } means every job`,
    )
  const states = (terms.states ?? usual).filter((state) => possible.includes(state))
  if (states.length === 0) refuse(`${where}: state`, filter.state, possible.join(', '))
  return { ...terms, states }
}

function lineName(line: Line, where: string): LineName {
  if (typeof line === 'string') return { kind: 'queue', name: nameOf(line, `${where}: queue`) }
  const { queue, task } = optionsOf(line, where, ['queue', 'task'])
  if ((queue === undefined) === (task === undefined)) refuse(where, line, "a queue's name, { queue } or { task }")
  return queue === undefined
    ? { kind: 'task', name: nameOf(task, `${where}: task`) }
    : { kind: 'queue', name: nameOf(queue, `${where}: queue`) }
}
