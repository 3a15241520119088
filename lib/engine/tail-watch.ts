import type { Lane } from '../pool/lane.ts'
import type { LogChunk } from '../wire/messages.ts'
import { LaneWatch } from './lane-watch.ts'

/** How often running jobs are looked at, in ms: bounds when what a task said can be read. */
const EVERY = 200

/** Fetches what running tasks have said and their threads have not sent: most could only send it when the task ends. */
export class TailWatch extends LaneWatch {
  readonly #logged: (lane: Lane, chunk: LogChunk) => void

  constructor(lanes: () => readonly Lane[], logged: (lane: Lane, chunk: LogChunk) => void) {
    super(EVERY, lanes)
    this.#logged = logged
  }

  protected look(lane: Lane): void {
    const chunk = lane.logTail.take()
    if (chunk) this.#logged(lane, chunk)
  }
}
