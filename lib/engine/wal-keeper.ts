import { sqliteCode, storageError } from '../store/sqlite-errors.ts'
import type { Store } from '../store/store.ts'
import { toWireError } from '../wire/error-codec.ts'
import type { Incident } from '../wire/incident.ts'
import type { Clock } from './clock.ts'

/** Turns after which a quiet moment is used to checkpoint: a WAL of a few hundred pages costs least to sync. */
const TURNS_IDLE = 100
/** Idle time that makes a moment quiet, in ms: whoever calls again and again is not to meet a checkpoint at each hundredth call. */
const QUIET = 20
/** Turns after which it is done without one. */
const TURNS_BUSY = 400
/** Growth of its file after which neither is waited for, in bytes, and turns between two looks: each may write large jobs. */
const GROWN = 4 * 1_048_576
const LOOK_EVERY = 8
/** Size of the WAL from which a moment without readers is waited for, in bytes, and for how long, in ms. */
const LARGE = 16 * 1_048_576
const PATIENCE = 20
/** The same of a WAL that readers keep from being begun anew, though each of them soon ends: they take turns. */
const LARGER = 20 * 1_048_576
const MORE_PATIENCE = 300
/** Size from which somebody is told, in bytes: a reader stays. From then on it is waited for at most this often, in ms. */
const TOO_LARGE = 64 * 1_048_576
const EVERY = 1_000
/**
 * Of these tries, how long after one that was to outlast readers who take turns, and did not, the next such is made, in ms; twice
 * as long after each, up to a limit: nobody can write meanwhile.
 */
const PATIENT_AGAIN = 1_000
const PATIENT_AT_LAST = 8_000
/** Growth of the WAL after which it is tried again before that, in bytes. */
const MORE = 6 * 1_048_576

/**
 * Keeps the WAL small, so that it is overwritten rather than grown: syncing a growing file costs twice as much. Runs
 * after the turn's answers have gone out, never inside a commit that somebody waits for.
 */
export class WalKeeper {
  readonly #store: Store
  readonly #clock: Clock
  readonly #report: (incident: Incident) => void
  #turns = 0
  #size = 0
  #triedAt = Number.NEGATIVE_INFINITY
  #patientFrom = Number.NEGATIVE_INFINITY
  #patientAgain = PATIENT_AGAIN
  #triedWith = 0
  #warned = false
  #refused = false
  #timer: NodeJS.Timeout | null = null
  #quiet: NodeJS.Timeout | null = null

  /**
   * @param report is told once when readers keep the WAL from being begun anew and it has grown large, and once when the disk
   * refuses a checkpoint, which is tried again; each anew only after it was well in between
   */
  constructor(store: Store, clock: Clock, report: (incident: Incident) => void) {
    this.#store = store
    this.#clock = clock
    this.#report = report
  }

  turned(idle: boolean): void {
    this.#turns++
    if (this.#turns >= TURNS_BUSY || (this.#turns % LOOK_EVERY === 0 && this.#grown())) this.#checkpoint()
    else if (idle && this.#turns >= TURNS_IDLE) this.#waitForQuiet()
  }

  #checkpoint(): void {
    this.#turns = 0
    this.#tryToKeep()
    this.#size = this.#store.walBytes()
  }

  #waitForQuiet(): void {
    if (this.#quiet) {
      this.#quiet.refresh()
      return
    }
    this.#quiet = setTimeout(() => {
      this.#quiet = null
      if (this.#turns >= TURNS_IDLE) this.#checkpoint()
    }, QUIET).unref()
  }

  #grown(): boolean {
    return this.#store.walBytes() - this.#size > GROWN
  }

  stop(): void {
    if (this.#timer) clearTimeout(this.#timer)
    if (this.#quiet) clearTimeout(this.#quiet)
    this.#timer = null
    this.#quiet = null
  }

  /** What was committed is in the WAL, and safe there, when the disk has no room for it in the database. */
  #tryToKeep(): void {
    try {
      this.#keep()
      this.#refused = false
    } catch (error) {
      if (sqliteCode(error) === null) throw error
      const { path } = this.#store
      if (!this.#refused) this.#report({ about: 'checkpoint-failed', error: toWireError(storageError(error, path)) })
      this.#refused = true
      this.#again()
    }
  }

  #keep(): void {
    const bytes = this.#store.checkpoint()
    if (bytes < LARGE) {
      this.#warned = false
      this.#triedWith = 0
      return
    }
    const now = this.#clock.monotonic()
    const mayOutlast = bytes < TOO_LARGE || now >= this.#patientFrom
    const soon = mayOutlast && bytes - this.#triedWith >= MORE
    if (!soon && now - this.#triedAt < EVERY) {
      this.#again()
      return
    }
    this.#triedAt = now
    this.#triedWith = bytes
    const patient = mayOutlast && bytes >= LARGER
    if (this.#store.restartWal(patient ? MORE_PATIENCE : PATIENCE, bytes >= TOO_LARGE)) {
      this.#patientFrom = Number.NEGATIVE_INFINITY
      this.#patientAgain = PATIENT_AGAIN
      this.#warned = false
      this.#triedWith = 0
      return
    }
    if (patient && bytes >= TOO_LARGE) {
      this.#patientFrom = this.#clock.monotonic() + this.#patientAgain
      this.#patientAgain = Math.min(PATIENT_AT_LAST, 2 * this.#patientAgain)
    }
    if (bytes >= TOO_LARGE && !this.#warned) {
      this.#warned = true
      this.#report({ about: 'wal-held', path: this.#store.path, bytes })
    }
    this.#again()
  }

  /** Nobody may write when the reader ends, or the disk has room again. */
  #again(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null
      this.#tryToKeep()
    }, EVERY * 2).unref()
  }
}
