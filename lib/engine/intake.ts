import { rankOf } from '../domain/rank.ts'
import type { CeleriacError } from '../errors.ts'
import { ALL_STORED, type Inserted } from '../store/jobs/insert.ts'
import type { RevokedJob } from '../store/jobs/revoke.ts'
import type { Store } from '../store/store.ts'
import { toWireError } from '../wire/error-codec.ts'
import type { Duplicate, EnqueueBatch, Reply } from '../wire/messages.ts'
import type { Telling } from './disk-sync.ts'
import type { Session } from './session.ts'
import type { Participant } from './turn.ts'

interface Arrival {
  session: Session
  request: number
  batches: EnqueueBatch[]
}

type Stored = Reply & { type: 'stored' }

export interface IntakeEvents {
  /** Due jobs were stored in this line, in the transaction that is open; none of a lower rank than this, if it is said. */
  stored(queue: string, task: string, delayed: boolean, rank?: number): void
  /** Jobs were stored for good, but for those of a batch that were there already. */
  sent(batch: EnqueueBatch, duplicates: readonly Duplicate[]): void
  /** Jobs ended at once: waiting ones for new ones, or new ones that found no place. */
  ended(jobs: readonly RevokedJob[], now: number): void
}

/** New jobs, stored in the turn after they arrive and acknowledged once that lies on the disk. */
export class Intake implements Participant {
  readonly promises = 'now'
  readonly #store: Store
  readonly #events: IntakeEvents
  #arrivals: Arrival[] = []
  #written: Arrival[] = []
  /** Of the batches that were not simply stored. */
  #inserted: Map<EnqueueBatch, Inserted> | null = null

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
    this.#inserted = null
    this.#written = this.#arrivals
    for (const { batches } of this.#written) {
      for (const batch of batches) {
        const inserted = this.#store.inserts.insert(batch, now)
        if (inserted !== ALL_STORED) {
          this.#inserted ??= new Map()
          this.#inserted.set(batch, inserted)
        }
        const delayed = batch.runAt !== null || batch.expiresAt !== null || batch.unique?.debounce != null
        // A debounced job may keep the place of an earlier call.
        const rank = batch.unique ? undefined : rankOf(batch.runAt ?? now, batch.priority)
        this.#events.stored(batch.queue, batch.task, delayed, rank)
      }
    }
  }

  committed(now: number): Telling {
    const arrivals = this.#take()
    const inserted = this.#inserted
    return () => this.#acknowledge(arrivals, inserted, now)
  }

  #acknowledge(arrivals: readonly Arrival[], inserted: ReadonlyMap<EnqueueBatch, Inserted> | null, now: number): void {
    let told: Session | null = null
    let reply: Stored = { type: 'stored', requests: [], duplicates: [] }
    for (const { session, request, batches } of arrivals) {
      if (session !== told) {
        told?.reply(reply)
        told = session
        reply = { type: 'stored', requests: [], duplicates: [] }
      }
      reply.requests.push(request)
      for (const batch of batches) {
        const { duplicates, ended } = inserted?.get(batch) ?? ALL_STORED
        for (const duplicate of duplicates) reply.duplicates.push([request, duplicate])
        this.#events.sent(batch, duplicates)
        if (ended.length > 0) this.#events.ended(ended, now)
      }
    }
    told?.reply(reply)
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
