import { formatDuration } from '../domain/duration.ts'
import { SoftTimeLimitExceeded, TimeLimitExceeded } from '../errors.ts'
import type { LaneJob } from '../pool/lane.ts'
import { toWireError, type WireError } from '../wire/error-codec.ts'
import { LONGEST_TIMER } from './clock.ts'
import type { Parts } from './parts.ts'

/** How long before a hard limit another thread is made ready, in ms; before half of a shorter one. */
const AHEAD = 500
/** Shortest time between two looks, in ms. */
const SHORTEST = 5

/**
 * Holds running jobs to their time limits. The clock of a job begins when its function does, which the thread notes in
 * shared memory, so a look at the right moment is enough and nothing has to be told.
 */
export class LimitWatch {
  readonly #parts: Pick<Parts, 'standing' | 'main'>
  readonly #failMain: (job: LaneJob, error: WireError, milliseconds: number) => void
  #timer: NodeJS.Timeout | null = null
  #at = Number.POSITIVE_INFINITY

  /** @param failMain settles a job of the application thread that cannot be stopped */
  constructor(
    parts: Pick<Parts, 'standing' | 'main'>,
    failMain: (job: LaneJob, error: WireError, milliseconds: number) => void,
  ) {
    this.#parts = parts
    this.#failMain = failMain
  }

  /** A job was handed out. */
  watch(job: LaneJob): void {
    const limit = Math.min(job.softTimeLimit ?? Number.POSITIVE_INFINITY, aheadOf(job.timeLimit))
    if (limit !== Number.POSITIVE_INFINITY) this.#lookIn(limit)
  }

  stop(): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    this.#at = Number.POSITIVE_INFINITY
  }

  #lookIn(milliseconds: number): void {
    const delay = Math.min(LONGEST_TIMER, Math.max(SHORTEST, milliseconds))
    const at = performance.now() + delay
    if (at >= this.#at) return
    this.stop()
    this.#at = at
    this.#timer = setTimeout(() => this.#look(), delay)
  }

  #look(): void {
    this.stop()
    const { standing, main } = this.#parts
    for (const lane of standing.pool?.lanes ?? []) {
      const { running } = lane
      for (const [position, job] of lane.outstanding) {
        if (position !== running) {
          this.watch(job)
          continue
        }
        const { runningFor } = lane
        if (isOver(job.timeLimit, runningFor)) {
          lane.overran = position
          standing.pool?.terminate(lane)
        } else {
          if (isOver(job.softTimeLimit, runningFor) && !job.warned)
            this.#warn(job, (error) => lane.cancel(position, error))
          if (runningFor >= aheadOf(job.timeLimit)) standing.pool?.standBy(performance.now())
          this.#lookAgain(job, runningFor)
        }
      }
    }
    for (const [position, job] of main.outstanding) {
      const runningFor = main.runningFor(position)
      if (isOver(job.timeLimit, runningFor)) {
        const error = toWireError(timeLimitExceeded(job))
        main.cancel(position, error)
        main.abandon(position)
        this.#failMain(job, error, runningFor)
      } else {
        if (isOver(job.softTimeLimit, runningFor) && !job.warned)
          this.#warn(job, (error) => main.cancel(position, error))
        this.#lookAgain(job, runningFor)
      }
    }
  }

  #warn(job: LaneJob, cancel: (error: WireError) => void): void {
    job.warned = true
    const limit = formatDuration(job.softTimeLimit ?? 0)
    cancel(
      toWireError(
        new SoftTimeLimitExceeded(`task "${job.task}" (job ${job.id}) runs longer than its softTimeLimit of ${limit}`),
      ),
    )
  }

  #lookAgain({ timeLimit, softTimeLimit, warned }: LaneJob, runningFor: number): void {
    const ahead = aheadOf(timeLimit)
    if (timeLimit !== null) this.#lookIn((runningFor < ahead ? ahead : timeLimit) - runningFor)
    if (softTimeLimit !== null && !warned) this.#lookIn(softTimeLimit - runningFor)
  }
}

export function timeLimitExceeded(job: LaneJob): TimeLimitExceeded {
  return new TimeLimitExceeded(
    `task "${job.task}" (job ${job.id}) ran longer than its timeLimit of ${formatDuration(job.timeLimit ?? 0)}`,
  )
}

/** When a running job's limit is so near that a thread should stand by. */
function aheadOf(timeLimit: number | null): number {
  return timeLimit === null ? Number.POSITIVE_INFINITY : Math.max(timeLimit / 2, timeLimit - AHEAD)
}

function isOver(limit: number | null, runningFor: number): boolean {
  return limit !== null && runningFor >= limit
}
