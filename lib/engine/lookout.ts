import { LeaseLost } from '../errors.ts'
import { isBusy } from '../store/sqlite-errors.ts'
import { toWireError } from '../wire/error-codec.ts'
import { CLOCK_SET } from './clock.ts'
import { CommitWatch } from './commit-watch.ts'
import type { Parts } from './parts.ts'
import type { Rescued } from './rescuer.ts'

/**
 * How often a process looks for commits of others, in ms: bounds how late it begins what another enqueued. Waking up costs
 * fifty times what looking does, so one timer serves all that is looked at, and it slows down when nothing has been written
 * for a while: most where the kernel tells of the next write.
 */
const POLL_BUSY = 100
const POLL_IDLE = 160
const POLL_WATCHED = 500
/** Quiet after which the slower pace is taken, and after which the kernel is asked to tell, in ms. */
const IDLE_AFTER = 1_000
const WATCHED_AFTER = 300
/** Pause between a notice of a write and the look, in ms: the notice comes with the first page, the commit with the last. */
const SETTLED = 2
/** How often it looks whether its peers live, in ms: bounds how late it takes over what a dead one was running. */
const PEERS_EVERY = 450
/** How often it shows that it is not hung, in ms. */
const BEAT_EVERY = 10_000
/** When it shows it for the first time, in ms after its row was written. */
const FIRST_BEAT = 1_000
/** How long before a beat the application's thread is asked what belongs to it, in ms. */
const ASKED_AHEAD = 500
/** How often it looks whether the path still leads to its file, in ms. */
const FILE_EVERY = 950

/** Looks around at intervals: for what other processes committed, whether they live, and whether the file is still ours. */
export class Lookout {
  readonly #parts: Parts
  readonly #die: (error: unknown) => void
  readonly #watch: CommitWatch
  #timer: NodeJS.Timeout | null = null
  #hasPeers = false
  #workedAt = 0
  #stirredAt = 0
  #peersAt = 0
  #beatAt: number
  #askedAt = Number.NEGATIVE_INFINITY
  #fileAt: number
  /** Wall clock less monotonic clock. */
  #shift: number

  /** @param die called when the engine cannot go on */
  constructor(parts: Parts, die: (error: unknown) => void) {
    this.#parts = parts
    this.#die = die
    this.#watch = new CommitWatch(parts.store.walPath, () => this.#stirred())
    this.#beatAt = parts.clock.monotonic()
    this.#fileAt = this.#beatAt
    this.#shift = parts.clock.now() - this.#beatAt
    this.#next()
  }

  /** From now on this process has a row, and peers. */
  watchPeers(): void {
    this.#hasPeers = true
    const now = this.#parts.clock.monotonic()
    this.#beatAt = now - BEAT_EVERY + FIRST_BEAT
    // The application's event loop is watched from here on.
    this.#parts.vitals.ask(now)
    this.#lookAtPeers()
  }

  stop(): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    this.#watch.close()
  }

  poll(): void {
    const { store, waiters, dispatcher, revoker, rescuer, beat, turns, standing, clock } = this.#parts
    const shift = clock.now() - clock.monotonic()
    // The clock was set, or the machine slept: something may be due, and timers count by the other clock.
    if (Math.abs(shift - this.#shift) > CLOCK_SET) turns.request()
    this.#shift = shift
    standing.pool?.shrink(clock.monotonic())
    // Threads that failed to begin are tried again.
    if (standing.pool?.lanes.length === 0 && dispatcher.consuming) turns.request()
    if (!store.changedElsewhere()) return
    this.#stirredAt = clock.monotonic()
    if (waiters.size > 0) waiters.check()
    this.#parts.commands.look()
    if (dispatcher.consuming) dispatcher.openAll()
    if (standing.owner !== null) {
      rescuer.refresh(standing.owner, clock.monotonic())
      revoker.look()
    }
    beat.refresh()
    turns.request()
  }

  announceRescued(rescued: Rescued[]): void {
    const { revoker, waiters, announcer, dispatcher, turns, clock } = this.#parts
    for (const { id, task, failed, error, followed } of rescued) {
      if (!failed) continue
      waiters.settled(id, ['FAILURE', task, 'json', null, error])
      announcer.announce('task-failed', { id, task, error, at: clock.now() })
      if (!followed) continue
      announcer.sent(followed.sent, clock.now())
      revoker.announce(followed.ended, clock.now())
    }
    revoker.announce(
      rescued.flatMap((job) => job.revoked),
      clock.now(),
    )
    waiters.flush()
    // What they had not begun gives its place of a rate up.
    dispatcher.gates.refresh()
    dispatcher.openAll()
    turns.request()
  }

  #lookAtPeers(): void {
    const { rescuer, edits, announcer, clock } = this.#parts
    for (const corpse of rescuer.corpses(clock.monotonic())) {
      edits
        .make((now) => rescuer.rescue(corpse, now))
        .then(
          (rescued) => {
            rescuer.bury(corpse)
            announcer.report({ about: 'process-rescued', reason: corpse.reason, jobs: rescued.length })
            announcer.announce('worker-offline', { key: corpse.row.key, pid: corpse.row.pid, at: clock.now() })
            this.announceRescued(rescued)
          },
          (error: unknown) => {
            rescuer.exhume(corpse)
            announcer.report({ about: 'rescue-failed', pid: corpse.row.pid, error: toWireError(error) })
          },
        )
    }
  }

  #showBeat(): void {
    const { edits, store, standing, announcer, vitals, clock } = this.#parts
    const { owner } = standing
    if (owner === null) return
    const said = vitals.read(clock.monotonic())
    edits
      .make((now) => store.processes.beat(owner, said, now))
      .then(
        (held) => {
          if (held || standing.owner !== owner) return
          this.#die(new LeaseLost('this process stood still for so long that others took its jobs — it begins anew'))
        },
        (error: unknown) => announcer.report({ about: 'beat-failed', error: toWireError(error) }),
      )
  }

  /** The engine has written something. */
  worked(): void {
    this.#workedAt = this.#parts.clock.monotonic()
  }

  #stirred(): void {
    this.#stirredAt = this.#parts.clock.monotonic()
    if (!this.#timer) return
    clearTimeout(this.#timer)
    this.#next(SETTLED)
  }

  #pace(): number {
    if (this.#watch.listening) return POLL_WATCHED
    return this.#parts.clock.monotonic() - this.#workedAt > IDLE_AFTER ? POLL_IDLE : POLL_BUSY
  }

  /** How long neither this process nor, as far as it was told, another has written, in ms. */
  #quiet(): number {
    return this.#parts.clock.monotonic() - Math.max(this.#workedAt, this.#stirredAt)
  }

  #next(wait = this.#pace()): void {
    const { clock, vitals } = this.#parts
    const begun = clock.monotonic()
    this.#timer = setTimeout(() => {
      vitals.late(clock.monotonic() - begun - wait)
      if (this.#quiet() > WATCHED_AFTER) this.#watch.open()
      this.#look()
      if (this.#timer) this.#next()
    }, wait)
  }

  #look(): void {
    const now = this.#parts.clock.monotonic()
    try {
      if (now - this.#fileAt >= FILE_EVERY) {
        this.#fileAt = now
        this.#parts.store.assertSameFile()
      }
      this.poll()
      if (!this.#hasPeers) return
      if (now - this.#peersAt >= PEERS_EVERY) {
        this.#peersAt = now
        this.#lookAtPeers()
      }
      if (now - this.#beatAt >= BEAT_EVERY - ASKED_AHEAD && this.#askedAt < this.#beatAt) {
        this.#askedAt = now
        this.#parts.vitals.ask(now)
      }
      if (now - this.#beatAt >= BEAT_EVERY) {
        this.#beatAt = now
        this.#showBeat()
      }
    } catch (error) {
      // A lock passes; anything else, such as a file that was replaced, does not.
      if (!isBusy(error)) this.#die(error)
    }
  }
}
