import { CeleriacError } from '../errors.ts'
import { isBusy, sqliteCode, storageError } from '../store/sqlite-errors.ts'
import type { Store } from '../store/store.ts'
import type { Vigil } from '../wire/vigil.ts'
import type { Clock } from './clock.ts'
import type { DiskSync, Promised, Telling } from './disk-sync.ts'

/** Something that takes part in a turn of the engine. */
export interface Participant {
  /** Whether there is something to write now. */
  pending(now: number): boolean
  /** Whether what it writes is promised to somebody, so that the commit must reach the disk. */
  readonly promises: Promised
  /** Inside the transaction. May run again when the commit fails, so it must not give anything away yet. */
  write(now: number): void
  /**
   * After the commit: lets go of what was written, and hands out what promises nothing. What it returns is called once
   * the commit lies on the disk, as far as it promises something.
   */
  committed(now: number): Telling
  /** The transaction failed for good: tell whoever waits, or keep what must not be lost for the next turn. */
  failed(error: CeleriacError): void
}

const isStorage = (error: unknown): boolean => error instanceof CeleriacError || sqliteCode(error) !== null

/** How long a locked database is tried again before those who wait for a write are told, in ms. */
const PATIENCE = 30_000
/** Pause before a turn is tried again after a failure, in ms. */
const RETRY_AFTER = 100

/**
 * Group commit. Whatever waits when a turn begins shares its transaction, in the order of the participants: outcomes
 * first, since they free threads, then new jobs, then claims, which may take a job stored a moment before. Nothing
 * waits for a timer to fill a batch; a turn begins as soon as the last one has ended.
 */
export class TurnLoop {
  readonly #store: Store
  readonly #clock: Clock
  readonly #participants: Participant[]
  readonly #disk: DiskSync
  readonly #onTurn: (worked: boolean) => void
  readonly #unhurried: () => boolean
  readonly #vigil: Vigil | null
  #scheduled = false
  #timer: NodeJS.Timeout | null = null
  #timerAt = Number.POSITIVE_INFINITY
  /** What the next turn writes has waited for it already. */
  #waited = false
  #stopped = false
  #busySince: number | null = null
  #fault: CeleriacError | null = null

  /**
   * @param onTurn called after each turn
   * @param vigil held after a turn while `unhurried`: few others need a core
   */
  constructor(
    store: Store,
    clock: Clock,
    participants: Participant[],
    disk: DiskSync,
    onTurn: (worked: boolean) => void,
    vigil: Vigil | null = null,
    unhurried: () => boolean = () => false,
  ) {
    this.#store = store
    this.#clock = clock
    this.#participants = participants
    this.#disk = disk
    this.#onTurn = onTurn
    this.#vigil = vigil
    this.#unhurried = unhurried
  }

  /** Why the last turn failed, while the engine is trying again. */
  get fault(): CeleriacError | null {
    return this.#fault
  }

  request(): void {
    if (this.#scheduled || this.#stopped) return
    this.#scheduled = true
    this.#vigil?.end()
    setImmediate(() => this.#run())
  }

  /** Begins a turn once so many ms have passed, or sooner, with what others ask for. */
  requestWithin(milliseconds: number): void {
    if (this.#scheduled || this.#stopped) return
    this.#waited = true
    const at = this.#clock.monotonic() + milliseconds
    if (at >= this.#timerAt) return
    if (this.#timer) clearTimeout(this.#timer)
    this.#timerAt = at
    this.#timer = setTimeout(() => this.#run(), milliseconds)
  }

  /**
   * Tries for as long as the file is locked by others to write what waits, until `deadline` (monotonic ms). False when
   * the lock outlasted it.
   */
  async outlast(deadline: number): Promise<boolean> {
    while (true) {
      this.#run()
      this.#disk.settle()
      if (this.#busySince === null) return true
      if (this.#clock.monotonic() >= deadline) return false
      await new Promise((resolve) => setTimeout(resolve, RETRY_AFTER))
    }
  }

  /** Runs a turn now, for the last time. */
  finish(): void {
    this.#run()
    this.#disk.settle()
    this.#stopped = true
  }

  #run(): void {
    this.#scheduled = false
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    this.#timerAt = Number.POSITIVE_INFINITY
    if (this.#stopped) return
    const now = this.#clock.now()
    if (!this.#pending(now)) {
      this.#onTurn(false)
      return
    }
    const active: Participant[] = []
    try {
      this.#store.write(() => {
        // Asked again, in order: a job stored by one participant gives the next one something to claim.
        for (const participant of this.#participants) {
          if (!participant.pending(now)) continue
          active.push(participant)
          participant.write(now)
        }
      })
    } catch (error) {
      // A transaction that could not even begin concerns all who wait for it.
      this.#fail(error, active.length > 0 ? active : this.#participants.filter((p) => p.pending(now)))
      return
    }
    this.#busySince = null
    this.#fault = null
    for (const { promises } of active) this.#disk.owe(this.#waited && promises === 'soon' ? 'now' : promises)
    this.#waited = false
    for (const participant of active) this.#disk.tell(participant.committed(now))
    this.#disk.pay()
    this.#onTurn(true)
    if (!this.#scheduled && this.#unhurried()) this.#vigil?.begin(1)
  }

  #pending(now: number): boolean {
    for (const participant of this.#participants) if (participant.pending(now)) return true
    return false
  }

  #fail(error: unknown, active: Participant[]): void {
    if (!isStorage(error)) throw error
    const fault = storageError(error, this.#store.path)
    const monotonic = this.#clock.monotonic()
    this.#busySince ??= monotonic
    const wait = isBusy(error) && monotonic - this.#busySince < PATIENCE
    if (!wait) {
      this.#fault = fault
      this.#busySince = null
      for (const participant of active) participant.failed(fault)
    }
    this.#scheduled = true
    setTimeout(() => this.#run(), RETRY_AFTER * (0.5 + Math.random()))
  }
}
