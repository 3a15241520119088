import type { Store } from '../store/store.ts'
import { timeOfJobId } from '../wire/job-id.ts'
import type { Settled } from '../wire/messages.ts'
import type { Telling } from './disk-sync.ts'
import type { Session } from './session.ts'

/** Most ids looked up after one commit of another process. */
const CHECKS = 2_000

/** Who waits for which job's end, and who watches its progress. */
export class Waiters {
  readonly #store: Store
  readonly #waiting = new Map<string, Set<Session>>()
  readonly #watching = new Map<string, Map<Session, string | null>>()
  readonly #ended = new Map<Session, [string, Settled][]>()
  readonly #tellStored: (telling: Telling) => void
  #unseen: { ids: string[]; session: Session }[] = []
  #checkFrom = 0

  /** @param tellStored tells of what the file holds once that lies on the disk */
  constructor(store: Store, tellStored: (telling: Telling) => void) {
    this.#store = store
    this.#tellStored = tellStored
  }

  get size(): number {
    return this.#waiting.size + this.#watching.size
  }

  /** Whether a job has ended already is looked up after the turn that may be about to begin: its end may be what that writes. */
  wait(ids: string[], session: Session): void {
    for (const id of ids) {
      const sessions = this.#waiting.get(id)
      if (sessions) sessions.add(session)
      else this.#waiting.set(id, new Set([session]))
    }
    if (this.#unseen.push({ ids, session }) === 1) setImmediate(() => this.#lookUp())
  }

  unwait(id: string, session: Session): void {
    remove(this.#waiting, id, session)
  }

  watch(id: string, session: Session): void {
    const progress = this.#store.reads.progress(id)
    const sessions = this.#watching.get(id) ?? new Map<Session, string | null>()
    sessions.set(session, progress)
    this.#watching.set(id, sessions)
    if (progress !== null) session.reply({ type: 'progress', id, progress })
  }

  unwatch(id: string, session: Session): void {
    remove(this.#watching, id, session)
  }

  leave(session: Session): void {
    for (const id of this.#waiting.keys()) this.unwait(id, session)
    for (const id of this.#watching.keys()) this.unwatch(id, session)
  }

  settled(id: string, settled: Settled): void {
    const sessions = this.#waiting.get(id)
    if (!sessions) return
    this.#waiting.delete(id)
    for (const session of sessions) this.#tell(session, id, settled)
  }

  /** Posts what was collected, one message for each session. */
  flush(): void {
    if (this.#ended.size === 0) return
    for (const [session, ended] of this.#ended) session.reply({ type: 'settled', ended })
    this.#ended.clear()
  }

  progressed(id: string, progress: string): void {
    for (const [session, seen] of this.#watching.get(id) ?? []) {
      if (seen === progress) continue
      this.#watching.get(id)?.set(session, progress)
      session.reply({ type: 'progress', id, progress })
    }
  }

  #lookUp(): void {
    const unseen = this.#unseen
    this.#unseen = []
    // A stop may have come in between.
    if (!this.#store.open) return
    this.#tellEnded(unseen.flatMap(({ ids, session }) => ids.filter((id) => this.#waiting.get(id)?.has(session))))
  }

  /** Tells of those among these that have ended by now: an end that is found later has yet to reach the disk. */
  #tellEnded(ids: readonly string[]): void {
    const found: [id: string, settled: Settled][] = []
    for (const id of ids) {
      const settled = this.#settled(id)
      if (settled) found.push([id, settled])
    }
    if (found.length === 0) return
    this.#tellStored(() => {
      // Not those who were told meanwhile by the turn that wrote it, or wait no longer.
      for (const [id, settled] of found) this.settled(id, settled)
      this.flush()
    })
  }

  /** Tells a job that was pruned from one that never was, by the time in its id. */
  #settled(id: string): Settled | null {
    const settled = this.#store.reads.settled(id)
    if (settled?.[0] !== 'UNKNOWN') return settled
    const enqueuedAt = timeOfJobId(id)
    if (enqueuedAt === null || enqueuedAt > this.#store.pruning.until()) return settled
    return ['FORGOTTEN', '', 'json', null, null]
  }

  #tell(session: Session, id: string, settled: Settled): void {
    const ended = this.#ended.get(session)
    if (ended) ended.push([id, settled])
    else this.#ended.set(session, [[id, settled]])
  }

  /** Another process committed something: look whether it was the end, or the progress, of what somebody waits for. */
  check(): void {
    const ids = [...this.#waiting.keys()]
    const from = this.#checkFrom < ids.length ? this.#checkFrom : 0
    const some = ids.slice(from, from + CHECKS)
    this.#checkFrom = from + some.length
    this.#tellEnded(some)
    for (const id of this.#watching.keys()) {
      const progress = this.#store.reads.progress(id)
      if (progress !== null) this.progressed(id, progress)
    }
  }
}

function remove(map: Map<string, Set<Session> | Map<Session, unknown>>, id: string, session: Session): void {
  const sessions = map.get(id)
  if (sessions?.delete(session) && sessions.size === 0) map.delete(id)
}
