import type { CeleriacError } from '../errors.ts'
import type { Store } from '../store/store.ts'
import { toWireError } from '../wire/error-codec.ts'
import type { EnqueueBatch } from '../wire/messages.ts'
import type { Session } from './session.ts'
import type { Participant } from './turn.ts'

interface Arrival {
  session: Session
  request: number
  batches: EnqueueBatch[]
}

export interface IntakeEvents {
  /** Due jobs were stored in this line, in the transaction that is open. */
  stored(queue: string, task: string, delayed: boolean): void
  /** Jobs were stored for good. */
  sent(batch: EnqueueBatch, duplicates: string[]): void
}

/** New jobs, stored in the turn after they arrive and acknowledged after its commit. */
export class Intake implements Participant {
  readonly promises = true
  readonly #store: Store
  readonly #events: IntakeEvents
  #arrivals: Arrival[] = []
  #written: Arrival[] = []
  #duplicates = new Map<Session, string[]>()

  constructor(store: Store, events: IntakeEvents) {
    this.#store = store
    this.#events = events
  }

  add(session: Session, request: number, batches: EnqueueBatch[]): void {
    this.#arrivals.push({ session, request, batches })
  }

  pending(): boolean {
    return this.#arrivals.length > 0
  }

  write(now: number): void {
    this.#duplicates = new Map()
    this.#written = this.#arrivals
    for (const { session, batches } of this.#written) {
      for (const batch of batches) {
        const duplicates = this.#store.inserts.insert(batch, now)
        if (duplicates.length > 0)
          this.#duplicates.set(session, [...(this.#duplicates.get(session) ?? []), ...duplicates])
        this.#events.stored(batch.queue, batch.task, batch.runAt !== null || batch.expiresAt !== null)
      }
    }
  }

  committed(): void {
    const requests = new Map<Session, number[]>()
    for (const { session, request, batches } of this.#take()) {
      const known = requests.get(session)
      if (known) known.push(request)
      else requests.set(session, [request])
      const duplicates = this.#duplicates.get(session) ?? []
      for (const batch of batches) this.#events.sent(batch, duplicates)
    }
    for (const [session, list] of requests) {
      session.reply({ type: 'stored', requests: list, duplicates: this.#duplicates.get(session) ?? [] })
    }
  }

  failed(error: CeleriacError): void {
    const wire = toWireError(error)
    // All that wait, for the transaction may not even have begun.
    const refused = this.#arrivals
    this.#arrivals = []
    this.#written = []
    for (const { session, request } of refused) session.reply({ type: 'refused', requests: [request], error: wire })
  }

  #take(): Arrival[] {
    const taken = this.#written
    this.#arrivals = this.#arrivals.slice(taken.length)
    this.#written = []
    return taken
  }
}
