import { TaskRevoked } from '../errors.ts'
import type { Lane, LaneJob } from '../pool/lane.ts'
import type { RevokedJob, Revoking } from '../store/jobs/revoke.ts'
import type { Store } from '../store/store.ts'
import { toWireError, type WireError } from '../wire/error-codec.ts'
import type { Announcer } from './announcer.ts'
import type { MainRuns } from './main-runs.ts'
import type { Standing } from './standing.ts'
import type { Waiters } from './waiters.ts'

/** How long a revoked task may clean up before its thread is terminated, in ms. */
const GRACE = 5_000

interface RevokerParts {
  store: Store
  main: MainRuns
  standing: Standing
  waiters: Waiters
  announcer: Announcer
  /** Jobs of a thread's line that were not begun: some to end, the others to be run elsewhere. */
  takenBack(revoked: LaneJob[], others: LaneJob[]): void
}

/** Ends running jobs that somebody asked to end: signal first, and with `terminate` the thread after a grace. */
export class Revoker {
  readonly #store: Store
  readonly #main: MainRuns
  readonly #standing: Standing
  readonly #waiters: Waiters
  readonly #announcer: Announcer
  readonly #takenBack: RevokerParts['takenBack']
  readonly #reasons = new Map<number, string | null>()
  /** Jobs that have so long to end, and then lose their thread. */
  readonly #limited = new Set<number>()

  constructor(parts: RevokerParts) {
    this.#store = parts.store
    this.#main = parts.main
    this.#standing = parts.standing
    this.#waiters = parts.waiters
    this.#announcer = parts.announcer
    this.#takenBack = parts.takenBack
  }

  /** After the commit: tells of waiting jobs that were ended. */
  announce(jobs: readonly RevokedJob[], now: number): void {
    for (const { id, task, queue } of jobs) {
      this.#waiters.settled(id, ['REVOKED', task, 'json', null, null])
      this.#announcer.announce('task-revoked', { id, task, queue, at: now })
    }
    this.#waiters.flush()
  }

  /** Why the job is being revoked; `undefined` when it is not. Forgets it, as the job has ended. */
  reasonOf(job: LaneJob): string | null | undefined {
    const reason = this.#reasons.get(job.token)
    this.#reasons.delete(job.token)
    this.#limited.delete(job.token)
    return reason
  }

  /** Whether a thread of this process has the job, the application's own among them. */
  holds(id: string): boolean {
    const lanes = this.#standing.pool?.lanes ?? []
    return [this.#main, ...lanes].some(({ outstanding }) => [...outstanding.values()].some((job) => job.id === id))
  }

  /** Looks in the file for jobs of this process to end that run, or lie in a thread's line. */
  look(): void {
    const { pool, owner } = this.#standing
    if (owner === null) return
    const asked = new Map<number, Revoking>()
    for (const one of this.#store.revocations.asked(owner)) if (this.#isNews(one)) asked.set(one.token, one)
    if (asked.size === 0) return
    for (const lane of pool?.lanes ?? []) {
      this.#takeBack(lane, asked)
      for (const [position, { token }] of lane.outstanding) {
        const one = asked.get(token)
        if (!one) continue
        this.#note(one)
        lane.cancel(position, revokedError(one))
        if (one.terminate) setTimeout(() => lane.outstanding.has(position) && pool?.terminate(lane), GRACE).unref()
      }
    }
    for (const [position, { token }] of this.#main.outstanding) {
      const one = asked.get(token)
      if (!one) continue
      this.#note(one)
      this.#main.cancel(position, revokedError(one))
    }
  }

  /** Whether this was not asked before: who was only told to end may be asked to end by force later. */
  #isNews({ token, terminate }: Revoking): boolean {
    return !this.#reasons.has(token) || (terminate && !this.#limited.has(token))
  }

  #note({ token, reason, terminate }: Revoking): void {
    this.#reasons.set(token, reason)
    if (terminate) this.#limited.add(token)
  }

  /** What was not begun need not be told to end. */
  #takeBack(lane: Lane, asked: ReadonlyMap<number, Revoking>): void {
    const { running } = lane
    let behind = false
    for (const [position, { token }] of lane.outstanding) behind ||= position !== running && asked.has(token)
    if (!behind) return
    const revoked: LaneJob[] = []
    const others: LaneJob[] = []
    for (const job of lane.takeBack()) {
      if (asked.has(job.token)) revoked.push(job)
      else others.push(job)
    }
    if (revoked.length + others.length > 0) this.#takenBack(revoked, others)
  }
}

function revokedError({ reason }: Revoking): WireError {
  return toWireError(new TaskRevoked(`the job was revoked${reason === null ? '' : `: ${reason}`}`))
}
