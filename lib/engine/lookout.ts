import { LeaseLost } from '../errors.ts'
import { isBusy } from '../store/sqlite-errors.ts'
import type { Parts } from './parts.ts'
import type { Rescued } from './rescuer.ts'

/**
 * How often a process looks for commits of others and whether its peers live, in ms: bounds how late it begins what
 * another enqueued, or was running when it died. One timer for all, since waking up costs more than looking.
 */
const POLL_EVERY = 100
/** How often it shows that it is not hung, in looks: 10 s. */
const BEAT_EVERY = 100
/** How often it looks whether the path still leads to its file, in looks: 1 s. */
const FILE_EVERY = 10

/** Looks around at intervals: for what other processes committed, whether they live, and whether the file is still ours. */
export class Lookout {
  readonly #parts: Parts
  readonly #die: (error: unknown) => void
  readonly #timer: NodeJS.Timeout
  #looks = 0
  #hasPeers = false

  /** @param die called when the engine cannot go on */
  constructor(parts: Parts, die: (error: unknown) => void) {
    this.#parts = parts
    this.#die = die
    this.#timer = setInterval(() => this.#look(), POLL_EVERY)
  }

  /** From now on this process has a row, and peers. */
  watchPeers(): void {
    this.#hasPeers = true
    this.#lookAtPeers()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  poll(): void {
    const { store, waiters, dispatcher, revoker, rescuer, beat, turns, standing, clock } = this.#parts
    standing.pool?.shrink(clock.monotonic())
    // Threads that failed to begin are tried again.
    if (standing.pool?.lanes.length === 0 && dispatcher.consuming) turns.request()
    if (!store.changedElsewhere()) return
    waiters.check()
    if (dispatcher.consuming) dispatcher.openAll()
    if (standing.owner !== null) {
      rescuer.refresh(standing.owner, clock.monotonic())
      revoker.look()
    }
    beat.refresh()
    turns.request()
  }

  announceRescued(rescued: Rescued[]): void {
    const { waiters, announcer, dispatcher, beat, turns, clock } = this.#parts
    for (const { id, task, failed, error } of rescued) {
      if (!failed) continue
      waiters.settled(id, ['FAILURE', task, 'json', null, error])
      announcer.announce('task-failed', { id, task, error, at: clock.now() })
    }
    waiters.flush()
    dispatcher.openAll()
    beat.jobEnded()
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
            announcer.log('warn', `${corpse.reason}; ${rescued.length} of its jobs were taken over`)
            announcer.announce('worker-offline', { key: corpse.row.key, pid: corpse.row.pid, at: clock.now() })
            this.announceRescued(rescued)
          },
          (error: unknown) => {
            rescuer.exhume(corpse)
            announcer.log('error', `rescuing the jobs of process ${corpse.row.pid} failed: ${String(error)}`)
          },
        )
    }
  }

  #showBeat(): void {
    const { edits, store, standing, announcer } = this.#parts
    const { owner } = standing
    if (owner === null) return
    edits
      .make((now) => store.processes.beat(owner, now))
      .then(
        (held) => {
          if (held || standing.owner !== owner) return
          this.#die(new LeaseLost('this process stood still for so long that others took its jobs — it begins anew'))
        },
        (error: unknown) => announcer.log('warn', `showing that this process lives failed: ${String(error)}`),
      )
  }

  #look(): void {
    this.#looks++
    try {
      if (this.#looks % FILE_EVERY === 0) this.#parts.store.assertSameFile()
      this.poll()
      if (!this.#hasPeers) return
      this.#lookAtPeers()
      if (this.#looks % BEAT_EVERY === 0) this.#showBeat()
    } catch (error) {
      // A lock passes; anything else, such as a file that was replaced, does not.
      if (!isBusy(error)) this.#die(error)
    }
  }
}
