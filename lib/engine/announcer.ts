import type { LaneJob } from '../pool/lane.ts'
import type { Incident } from '../wire/incident.ts'
import type { NamedJob, Notice } from '../wire/messages.ts'

/** Tells the application what happened, for the events somebody listens to. */
export class Announcer {
  readonly #post: (notice: Notice) => void
  #wanted = new Set<string>()

  constructor(post: (notice: Notice) => void) {
    this.#post = post
  }

  listen(events: string[]): void {
    this.#wanted = new Set(events)
  }

  wants(name: string): boolean {
    return this.#wanted.has(name)
  }

  announce(name: string, event: Record<string, unknown>): void {
    if (this.#wanted.has(name)) this.#post({ type: 'event', name, event })
  }

  sent(jobs: readonly NamedJob[], at: number): void {
    if (this.wants('task-sent'))
      for (const { id, task, queue } of jobs) this.announce('task-sent', { id, task, queue, at })
  }

  report(incident: Incident): void {
    this.#post({ type: 'incident', incident })
  }
}

/** What every event about a job tells of it. */
export function describeJob({ id, task, queue, attempt }: LaneJob): {
  id: string
  task: string
  queue: string
  attempt: number
} {
  return { id, task, queue, attempt }
}
