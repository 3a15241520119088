import { WorkerLost } from '../errors.ts'
import type { LaneJob } from '../pool/lane.ts'
import type { RevokedJob } from '../store/jobs/revoke.ts'
import { LEAST_BLOCK, type Success } from '../store/jobs/settle-blocks.ts'
import { isUnfit, storageError } from '../store/sqlite-errors.ts'
import type { Store } from '../store/store.ts'
import type { Payload } from '../wire/codec.ts'
import { toWireError, type WireError } from '../wire/error-codec.ts'
import { type LinkingJob, linkedBatches, linksOf } from '../wire/links.ts'
import type { EnqueueBatch, LogChunk, Outcome, Settled, StoredNow } from '../wire/messages.ts'
import { holdsPlace } from './begin-watch.ts'
import type { Promised, Telling } from './disk-sync.ts'
import { CRASH_LIMIT } from './dispatcher.ts'
import type { Participant } from './turn.ts'

/** What became of a claimed job. */
export type Settlement =
  | { kind: 'outcome'; job: LaneJob; outcome: Outcome; revoked: string | null | undefined }
  /** With when it began, where it did. */
  | { kind: 'give-back'; job: LaneJob; startedAt?: number }
  | { kind: 'crash'; job: LaneJob; error: WireError; startedAt: number | null; fatal: boolean }
  | { kind: 'revoked'; job: LaneJob; reason: string | null; startedAt: number }
  /** The job's own transaction ended it: only to be told. */
  | { kind: 'committed'; job: LaneJob; milliseconds: number; followed: StoredNow | null }

export interface SettleEvents {
  /** The job is back among the waiting, in the transaction that is open. */
  waiting(queue: string, task: string, delayed: boolean): void
  /** After the commit: jobs were stored that follow one that ended. */
  followed(stored: StoredNow, now: number): void
  /** After the commit: waiting jobs that ended with a revoked one above them. */
  revoked(jobs: readonly RevokedJob[], now: number): void
  /** Nothing under the job's rate is to start for `wait` ms from now; in the transaction that is open. */
  slowDown(job: LaneJob, now: number, wait: number): void
  /** There is more room in these than was counted. */
  roomier(buckets: readonly string[]): void
  /** After the commit. */
  ended(job: LaneJob, settled: Settled, milliseconds: number, now: number): void
  retried(job: LaneJob, error: WireError, now: number): void
  /** Another holder's outcome counts; this one was dropped. */
  lostLease(job: LaneJob): void
}

type PlainSuccess = Settlement & { kind: 'outcome'; outcome: Outcome & { 0: 'success' } }

interface Written {
  settlement: Settlement
  held: boolean
  /** Result of a job that its own transaction had ended, whatever was to be written; `undefined` when none had. */
  committed?: Payload | undefined
}

const NONE: readonly (Written | null)[] = []

/** Turns outcomes into states: job, result and attempt in the turn's one transaction, guarded by the claim. */
export class Settler implements Participant {
  readonly #store: Store
  readonly #events: SettleEvents
  readonly #progress = new Map<LaneJob, string>()
  /** When jobs with a place of a rate began, of which no more is known as yet. */
  readonly #begun = new Map<LaneJob, number>()
  /** Jobs whose end in their own transaction was told. */
  readonly #toldCommitted = new WeakSet<LaneJob>()
  #settlements: Settlement[] = []
  #patient = 0
  #logs: { job: LaneJob; part: number; lines: string }[] = []
  #written: Written[] = []
  #writtenLogs = 0
  #below: RevokedJob[] = []
  #followed: StoredNow[] = []

  constructor(store: Store, events: SettleEvents) {
    this.#store = store
    this.#events = events
  }

  /** What is only handed back is promised to nobody: lost, it is handed back again. */
  get promises(): Promised {
    if (!this.#settlements.some((settlement) => settlement.kind !== 'give-back')) return null
    return this.#patient === this.#settlements.length ? 'soon' : 'now'
  }

  add(settlement: Settlement): void {
    this.#settlements.push(settlement)
  }

  get size(): number {
    return this.#settlements.length
  }

  /** So many of the last settlements have others behind them in their lane, whose ends they may share a sync with. */
  mayWait(settlements: number): void {
    this.#patient += settlements
  }

  /**
   * A job has begun that holds a place of a rate.
   * @param at not before it did, in epoch ms
   */
  began(job: LaneJob, at: number): void {
    this.#begun.set(job, at)
  }

  log(job: LaneJob, [, part, lines]: LogChunk): void {
    this.#logs.push({ job, part, lines })
  }

  progress(job: LaneJob, progress: string): void {
    this.#progress.set(job, progress)
  }

  pending(): boolean {
    const { size } = this.#progress
    return this.#settlements.length > 0 || this.#logs.length > 0 || size > 0 || this.#begun.size > 0
  }

  write(now: number): void {
    for (const [job, progress] of this.#progress) this.#store.settlements.progress(job, progress)
    for (const { job, part, lines } of this.#logs) this.#store.logs.add(job.seq, job.attempt, part, lines)
    this.#writtenLogs = this.#logs.length
    this.#below = []
    this.#followed = []
    for (const [job, at] of this.#begun) this.#giveEarly(job, at, now)
    const keys = new Set<string>()
    const plain = this.#writePlain(now)
    this.#written = this.#settlements.map((settlement, i) => {
      const { job } = settlement
      // Whether the claim is held or not: a task may have ended its job in a transaction of its own.
      if (job.concurrencyKey !== null && settlement.kind !== 'give-back') keys.add(job.concurrencyKey)
      const ended = plain[i]
      const written = ended ?? this.#writeOrFail(settlement, now)
      if (holdsPlace(job) && !this.#begun.has(job)) this.#settlePlaces(written, settlement, now)
      if (!ended && written.held && waitsAgain(settlement))
        this.#below.push(...this.#store.revocations.heed(job.seq, now))
      return written
    })
    if (keys.size > 0 && this.#store.admission.someWait()) for (const key of keys) this.#store.admission.refill(key)
    const roomier = this.#store.rates.flush(now)
    if (roomier.length > 0) this.#events.roomier(roomier)
  }

  /** Ends as many as blocks hold of the jobs that have nothing to them but a result; null for the others, or not even that. */
  #writePlain(now: number): readonly (Written | null)[] {
    if (this.#settlements.length < LEAST_BLOCK) return NONE
    const successes: Success[] = []
    const places: number[] = []
    for (const [i, settlement] of this.#settlements.entries()) {
      if (!isPlain(settlement)) continue
      const { job, outcome } = settlement
      successes.push({ claim: job, startedAt: outcome[2], ran: outcome[3], result: outcome[4] })
      places.push(i)
    }
    const written = new Array<Written | null>(this.#settlements.length).fill(null)
    for (const [i, held] of this.#store.settledBlocks.succeed(successes, now).entries()) {
      if (held === null) continue
      const place = places[i] as number
      const settlement = this.#settlements[place] as Settlement
      written[place] = held ? { settlement, held } : this.#dropped(settlement)
    }
    return written
  }

  /** A start counts from when the function began, or from now where that is not known; one that was never made does not count. */
  #settlePlaces(written: Written, settlement: Settlement, now: number): void {
    const { kind, job } = settlement
    // Its outcome is still to come, and tells.
    if (kind === 'committed') return
    const startedAt =
      kind === 'outcome' ? settlement.outcome[2] : kind === 'give-back' ? settlement.startedAt : undefined
    // In whole ms, so rounded up.
    const began = job.takenBack ? null : (startedAt ?? now) + 1
    const { rates } = this.#store
    if (job.places !== null) for (const place of job.places) rates.settle(place, began, now)
    // A transaction of the job's own wrote its begin.
    if (job.keyRate === null || written.committed !== undefined) return
    if (written.held) rates.settleKey(job, job.keyRate, began, now)
    // Taken for dead, what it ran all the same counts as well.
    else if (began !== null) rates.recordKey(job.rateKey as string, job.keyRate, began, now)
  }

  /** The job goes on, and its claim is no place any more. */
  #giveEarly(job: LaneJob, began: number, now: number): void {
    const { rates, settlements } = this.#store
    if (job.places !== null) for (const place of job.places) rates.settle(place, began, now)
    if (job.keyRate === null) return
    if (rates.freeKey(job) || settlements.committed(job) === undefined) rates.settleKey(job, job.keyRate, began, now)
  }

  /** What the row itself cannot hold will not fit the next time either: the job fails with the reason, and holds nobody up. */
  #writeOrFail(settlement: Settlement, now: number): Written {
    try {
      const held = this.#write(settlement, now)
      return held ? { settlement, held } : this.#dropped(settlement)
    } catch (error) {
      if (!isUnfit(error)) throw error
      const { job } = settlement
      const outcome: Outcome = ['failure', job.position, now, 0, toWireError(storageError(error, this.#store.path))]
      const failure: Settlement = { kind: 'outcome', job, outcome, revoked: undefined }
      return { settlement: failure, held: this.#write(failure, now) }
    }
  }

  /** The thread may have died between its own commit and telling of it: the row knows. */
  #dropped(settlement: Settlement): Written {
    return { settlement, held: false, committed: this.#store.settlements.committed(settlement.job) }
  }

  committed(now: number): Telling {
    const written = this.#written
    const below = this.#below
    const followed = this.#followed
    this.#settlements = this.#settlements.slice(written.length)
    this.#patient = 0
    this.#logs = this.#logs.slice(this.#writtenLogs)
    this.#progress.clear()
    for (const job of this.#begun.keys()) {
      job.places = null
      job.keyRate = null
    }
    this.#begun.clear()
    this.#written = []
    return () => {
      this.#tell(written, now)
      for (const stored of followed) this.#events.followed(stored, now)
      if (below.length > 0) this.#events.revoked(below, now)
    }
  }

  #tell(written: readonly Written[], now: number): void {
    for (const { settlement, held, committed } of written) {
      if (held) this.#announce(settlement, now)
      else if (committed !== undefined) this.#announceCommitted(settlement, committed, now)
      else this.#events.lostLease(settlement.job)
    }
  }

  /** Outcomes are kept until they can be written: the disk may have room again. */
  failed(): void {
    this.#written = []
    this.#writtenLogs = 0
  }

  #write(settlement: Settlement, now: number): boolean {
    const { settlements } = this.#store
    const { job } = settlement
    switch (settlement.kind) {
      case 'outcome':
        return this.#writeOutcome(settlement, now)
      case 'give-back':
        // Never begun, it may have expired meanwhile.
        this.#events.waiting(job.queue, job.task, true)
        return settlements.giveBack(job)
      case 'crash': {
        const { startedAt, error } = settlement
        if (endsByCrash(settlement)) {
          const lost = workerLost(job, error)
          return this.#failed(job, lost, now, () => settlements.failCrashed(job, startedAt, now, JSON.stringify(lost)))
        }
        this.#events.waiting(job.queue, job.task, false)
        return settlements.crash(job, startedAt, now, JSON.stringify(error))
      }
      case 'revoked':
        return this.#revoke(job, settlement.startedAt, now, null)
      case 'committed':
        return false
    }
  }

  /** What the job enqueued since it was asked to end goes with it. */
  #revoke(job: LaneJob, startedAt: number, now: number, error: string | null): boolean {
    const held = this.#store.settlements.revoke(job, startedAt, now, error)
    if (held) this.#below.push(...this.#store.revocations.revokeChildren(job.id, now))
    return held
  }

  #succeed(job: LaneJob, startedAt: number, now: number, result: Payload, ran: number): boolean {
    const links = linksOfJob(job)
    if (!links) return this.#store.settlements.succeed(job, startedAt, now, result, ran)
    const batches = linkedBatches(links.link, linking(job), { result }, now)
    const held = this.#store.settlements.succeed(job, startedAt, now, links.ignoreResult ? null : result, ran)
    if (held) this.#follow(batches, now)
    return held
  }

  #failed(job: LaneJob, error: WireError, now: number, write: () => boolean): boolean {
    const held = write()
    const links = linksOfJob(job)
    if (held && links) this.#follow(linkedBatches(links.linkError, linking(job), { error }, now), now)
    return held
  }

  #follow(batches: EnqueueBatch[], now: number): void {
    for (const { queue, task } of batches) this.#events.waiting(queue, task, true)
    this.#followed.push(this.#store.links.follow(batches, now))
  }

  #writeOutcome({ job, outcome, revoked }: Settlement & { kind: 'outcome' }, now: number): boolean {
    const { settlements } = this.#store
    const [kind, , startedAt, ran, body] = outcome
    if (kind === 'committed') return false
    if (kind === 'success') {
      const held = this.#succeed(job, startedAt, now, body, ran)
      if (held && job.slot !== null) settlements.slotSucceeded(job.seq, job.slot)
      return held
    }
    if (kind === 'rate-limited' && revoked === undefined) {
      this.#events.waiting(job.queue, job.task, true)
      this.#events.slowDown(job, now, body)
      return settlements.giveBack(job)
    }
    if ((kind === 'snooze' || kind === 'rate-limited') && revoked !== undefined)
      return this.#revoke(job, startedAt, now, null)
    if (kind === 'snooze' || kind === 'rate-limited') {
      this.#events.waiting(job.queue, job.task, true)
      return settlements.snooze(job, now + body)
    }
    const error = JSON.stringify(body)
    if (revoked !== undefined) return this.#revoke(job, startedAt, now, error)
    if (kind === 'failure') return this.#failed(job, body, now, () => settlements.fail(job, startedAt, now, error, ran))
    this.#events.waiting(job.queue, job.task, true)
    return settlements.retry(job, startedAt, now, error, now + outcome[5], ran)
  }

  #announceCommitted(settlement: Settlement, result: Payload, now: number): void {
    const { job } = settlement
    if (this.#toldCommitted.has(job)) return
    this.#toldCommitted.add(job)
    // Its links were stored in its own transaction.
    for (const { queue, task } of linksOfJob(job)?.link ?? []) this.#events.waiting(queue, task, true)
    const told = settlement.kind === 'committed' ? settlement : { milliseconds: 0, followed: null }
    this.#events.ended(job, settledAs(job, 'SUCCESS', result, null), told.milliseconds, now)
    if (told.followed) this.#events.followed(told.followed, now)
  }

  #announce(settlement: Settlement, now: number): void {
    const { job } = settlement
    if (settlement.kind === 'crash') {
      const error = workerLost(job, settlement.error)
      if (endsByCrash(settlement)) this.#events.ended(job, settledAs(job, 'FAILURE', null, error), 0, now)
      else this.#events.retried(job, error, now)
    } else if (settlement.kind === 'revoked') {
      this.#events.ended(job, settledAs(job, 'REVOKED', null, null), 0, now)
    } else if (settlement.kind === 'outcome') {
      const { outcome, revoked } = settlement
      const [kind, , , milliseconds, body] = outcome
      if (kind === 'committed') return
      if (kind === 'success') {
        const kept = linksOfJob(job)?.ignoreResult ? null : body
        this.#events.ended(job, settledAs(job, 'SUCCESS', kept, null), milliseconds, now)
      } else if ((kind === 'snooze' || kind === 'rate-limited') && revoked === undefined) return
      else if (kind === 'snooze' || kind === 'rate-limited')
        this.#events.ended(job, settledAs(job, 'REVOKED', null, null), milliseconds, now)
      else if (revoked !== undefined) this.#events.ended(job, settledAs(job, 'REVOKED', null, body), milliseconds, now)
      else if (kind === 'failure') this.#events.ended(job, settledAs(job, 'FAILURE', null, body), milliseconds, now)
      else this.#events.retried(job, body, now)
    }
  }
}

/** A job that succeeded, with nothing else to be written for it but what it held of limits. */
function isPlain(settlement: Settlement): settlement is PlainSuccess {
  if (settlement.kind !== 'outcome' || settlement.outcome[0] !== 'success') return false
  const { job } = settlement
  return job.options === null && job.slot === null
}

/** Whether it makes the job wait again, unless it was the last of its attempts. */
function waitsAgain(settlement: Settlement): boolean {
  if (settlement.kind !== 'outcome') return settlement.kind === 'give-back' || settlement.kind === 'crash'
  const [kind] = settlement.outcome
  return kind === 'retry' || kind === 'snooze' || kind === 'rate-limited'
}

/** After three deaths under a job it is failed, whatever `onCrash` says. */
function endsByCrash({ job, fatal }: Settlement & { kind: 'crash' }): boolean {
  return fatal || job.crashes + 1 >= CRASH_LIMIT
}

function workerLost(job: { crashes: number }, cause: WireError): WireError {
  const times = job.crashes + 1 === 1 ? 'once' : `${job.crashes + 1} times`
  return {
    ...toWireError(new WorkerLost(`the thread or process under the job died (${times}): ${cause.message}`)),
    cause,
  }
}

function linksOfJob(job: LaneJob): ReturnType<typeof linksOf> {
  return linksOf(job.options)
}

function linking({ id, row, codec }: LaneJob): LinkingJob {
  return { id, rootId: row[11], codec }
}

function settledAs(job: LaneJob, state: Settled[0], result: Settled[3], error: WireError | null): Settled {
  return [state, job.task, job.codec, result, error]
}
