import { isBusy, sqliteCode, storageError } from '../store/sqlite-errors.ts'
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
/** Pause between two looks at what is in use of a file that was large, in ms. */
const LOOK_OFTEN = 200
/** Size of the WAL from which a moment without readers is waited for, in bytes, for how long, and how often at most, in ms. */
const LARGE = 16 * 1_048_576
const PATIENCE = 20
const EVERY = 1_000
/** Growth of the WAL after which it is tried again before that, in bytes. */
const MORE = 6 * 1_048_576
/**
 * Size from which readers who take turns are outlasted, in bytes, and for how long, in ms: two of them, each beginning before the
 * other ends, leave no moment, and are outlasted within twice the time that either stays.
 */
const LARGER = 32 * 1_048_576
const MORE_PATIENCE = 1_000
/**
 * How long nobody, in whichever process, tries again to outlast them after that has failed, in ms; twice as long after each
 * further failure, up to a limit: nobody can write meanwhile.
 */
const PATIENT_AGAIN = 2_000
const PATIENT_AT_LAST = 60_000
/** Size from which somebody is told, in bytes: a reader stays. */
const TOO_LARGE = 64 * 1_048_576
/** Pause before the next look while it is large, and after a disk has refused, in ms. */
const LOOK_AGAIN = 500
const REFUSED_AGAIN = 2_000

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
  #lookedAt = Number.NEGATIVE_INFINITY
  #triedAt = Number.NEGATIVE_INFINITY
  #triedWith = 0
  /** The WAL as it was at some look: whoever read then has ended once all of it is copied. */
  #mark = { bytes: 0, at: Number.NEGATIVE_INFINITY }
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
    const bytes = this.#store.walBytes()
    if (bytes - this.#size > GROWN) return true
    // How much of a file that was large is in use again is not to be seen from outside.
    return bytes >= LARGE && this.#clock.monotonic() - this.#lookedAt >= LOOK_OFTEN
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
      this.#again(REFUSED_AGAIN)
    }
  }

  #keep(): void {
    const log = this.#store.checkpoint()
    if (log === null) {
      this.#again(LOOK_AGAIN)
      return
    }
    const now = this.#clock.monotonic()
    this.#lookedAt = now
    const { ended, since } = this.#readers(log, now)
    if (log.bytes < LARGE) {
      this.#isWell()
      return
    }
    const soon = since <= MORE_PATIENCE
    // Nobody is known to read, or nobody for long: waiting for whoever stays would only keep others from writing.
    const mayTry = (ended && soon) || log.copied === log.bytes
    const began = mayTry ? this.#restart(log.bytes, ended && soon, now) : null
    if (began) {
      this.#isWell()
      return
    }
    const held = began === false || (!ended && !soon)
    if (held && log.bytes >= TOO_LARGE && !this.#warned) {
      this.#warned = true
      this.#report({ about: 'wal-held', path: this.#store.path, bytes: log.bytes })
    }
    this.#again(LOOK_AGAIN)
  }

  /** Whether all have ended who read at some earlier look, and how long ago that was, in ms. */
  #readers(log: { bytes: number; copied: number }, now: number): { ended: boolean; since: number } {
    const { bytes, at } = this.#mark
    const ended = log.copied >= bytes || log.bytes < bytes
    if (ended) this.#mark = { bytes: log.bytes, at: now }
    return { ended, since: now - at }
  }

  /** Whether it was begun anew; null when it is too early to try, or somebody else is at it. */
  #restart(bytes: number, brisk: boolean, now: number): boolean | null {
    const patient = brisk && bytes >= LARGER && this.#mayOutlast()
    if (!patient && now - this.#triedAt < EVERY && bytes - this.#triedWith < MORE) return null
    this.#triedAt = now
    this.#triedWith = bytes
    const began = this.#store.restartWal(patient ? MORE_PATIENCE : PATIENCE, bytes >= TOO_LARGE)
    if (began === false && patient) this.#noteFailure()
    return began
  }

  #mayOutlast(): boolean {
    const failed = this.#store.failedRestarts.last()
    if (!failed) return true
    const rest = Math.min(PATIENT_AT_LAST, PATIENT_AGAIN * 2 ** (failed.times - 1))
    const ago = this.#clock.now() - failed.at
    return ago < 0 || ago >= rest
  }

  #noteFailure(): void {
    const { failedRestarts } = this.#store
    const at = this.#clock.now()
    const last = failedRestarts.last()
    const again = last !== null && Math.abs(at - last.at) < 2 * PATIENT_AT_LAST
    try {
      this.#store.write(() => failedRestarts.keep({ at, times: again ? last.times + 1 : 1 }))
    } catch (error) {
      // Others may then try once in vain as well.
      if (!isBusy(error)) throw error
    }
  }

  #isWell(): void {
    this.#warned = false
    this.#triedWith = 0
  }

  /** Nobody may write when the reader ends, or the disk has room again. */
  #again(pause: number): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null
      this.#tryToKeep()
    }, pause).unref()
  }
}
