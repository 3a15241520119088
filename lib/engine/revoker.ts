import { TaskRevoked } from '../errors.ts'
import type { LaneJob } from '../pool/lane.ts'
import type { RevokedJob } from '../store/jobs/revoke.ts'
import type { Store } from '../store/store.ts'
import { toWireError } from '../wire/error-codec.ts'
import type { Announcer } from './announcer.ts'
import type { MainRuns } from './main-runs.ts'
import type { Standing } from './standing.ts'
import type { Waiters } from './waiters.ts'

/** How long a revoked task may clean up before its thread is terminated, in ms. */
const GRACE = 5_000

/** Ends running jobs that somebody asked to end: signal first, and with `terminate` the thread after a grace. */
export class Revoker {
  readonly #store: Store
  readonly #main: MainRuns
  readonly #standing: Standing
  readonly #waiters: Waiters
  readonly #announcer: Announcer
  readonly #reasons = new Map<number, string | null>()

  constructor(parts: { store: Store; main: MainRuns; standing: Standing; waiters: Waiters; announcer: Announcer }) {
    this.#store = parts.store
    this.#main = parts.main
    this.#standing = parts.standing
    this.#waiters = parts.waiters
    this.#announcer = parts.announcer
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
    return reason
  }

  /** Looks in the file for running jobs of this process to end. */
  look(): void {
    const { pool, owner } = this.#standing
    if (owner === null) return
    for (const { token, terminate, reason } of this.#store.revocations.asked(owner)) {
      if (this.#reasons.has(token)) continue
      const error = toWireError(new TaskRevoked(`the job was revoked${reason === null ? '' : `: ${reason}`}`))
      for (const lane of pool?.lanes ?? []) {
        for (const [position, job] of lane.outstanding) {
          if (job.token !== token) continue
          this.#reasons.set(token, reason)
          lane.cancel(position, error)
          if (terminate) setTimeout(() => lane.outstanding.has(position) && pool?.terminate(lane), GRACE).unref()
        }
      }
      for (const [position, job] of this.#main.outstanding) {
        if (job.token !== token) continue
        this.#reasons.set(token, reason)
        this.#main.cancel(position, error)
      }
    }
  }
}
