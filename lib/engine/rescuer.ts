import { readdirSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { WorkerLost } from '../errors.ts'
import type { RevokedJob } from '../store/jobs/revoke.ts'
import { Presence, PresenceProbe, presencePath, removePresence } from '../store/presence.ts'
import type { Orphan, ProcessRow } from '../store/processes.ts'
import type { Store } from '../store/store.ts'
import { type Begun, begunPath, readBegunFile, removeBegunFile } from '../wire/begun-file.ts'
import { toWireError, type WireError } from '../wire/error-codec.ts'
import { linkedBatches, linksOf } from '../wire/links.ts'
import type { StoredNow, TaskDeclaration } from '../wire/messages.ts'
import { CRASH_LIMIT } from './dispatcher.ts'

/** A process whose beat has not risen for this long is taken for hung though it holds its lock, in ms of our own clock. */
const LEASE = 30_000
/** Longest time that a thread may take from noting that it begins a job to beginning it, in ms. */
const NOTED_AHEAD = 1_000
/** Longest time that a process may take from making its files to writing its row, in ms. */
const BEGINNING = 60_000

interface Peer {
  row: ProcessRow
  probe: PresenceProbe
  beatSeenAt: number
  /** Found dead; its jobs are being given away. */
  dead: boolean
}

/** A process found dead or hung, with what it had begun. */
export interface Corpse {
  row: ProcessRow
  begun: Begun | null
  reason: string
}

export interface Rescued {
  /** Back in the queue or failed, with what the owner's death cost it. */
  id: string
  task: string
  failed: boolean
  error: WireError | null
  /** Ended, with what waited below it, because it was to be revoked. */
  revoked: RevokedJob[]
  /** What was linked to its failure, and is stored now. */
  followed: StoredNow | null
}

/**
 * Finds processes that died, by the lock that the kernel freed or by a beat that stopped, and gives their jobs to the
 * living. Every process on the file does this; the transaction decides who was first.
 */
export class Rescuer {
  readonly #store: Store
  readonly #tasks: ReadonlyMap<string, TaskDeclaration>
  readonly #peers = new Map<number, Peer>()
  #presence: Presence | null = null

  constructor(store: Store, tasks: ReadonlyMap<string, TaskDeclaration>) {
    this.#store = store
    this.#tasks = tasks
  }

  /** Takes this process's presence lock; the row must be written after it. */
  appear(key: string): void {
    this.#presence = new Presence(this.#store.path, key)
  }

  disappear(): void {
    for (const peer of this.#peers.values()) peer.probe.close()
    this.#peers.clear()
    this.#presence?.end()
    this.#presence = null
  }

  /** Reads anew who else is on the file. */
  refresh(own: number | null, monotonic: number): void {
    const rows = this.#store.processes.all().filter((row) => row.id !== own)
    for (const [id, peer] of this.#peers) {
      if (rows.some((row) => row.id === id)) continue
      peer.probe.close()
      this.#peers.delete(id)
    }
    for (const row of rows) {
      const peer = this.#peers.get(row.id)
      if (!peer)
        this.#peers.set(row.id, {
          row,
          probe: new PresenceProbe(this.#store.path, row.key),
          beatSeenAt: monotonic,
          dead: false,
        })
      else if (peer.row.beat !== row.beat) {
        peer.row = row
        peer.beatSeenAt = monotonic
      }
    }
  }

  /** Peers that are dead or hung now. */
  corpses(monotonic: number): Corpse[] {
    const corpses: Corpse[] = []
    for (const peer of this.#peers.values()) {
      if (peer.dead) continue
      const { row, probe, beatSeenAt } = peer
      const alive = probe.alive()
      if (alive && monotonic - beatSeenAt < LEASE) continue
      peer.dead = true
      const reason = alive ? `process ${row.pid} has not answered for ${LEASE / 1000} s` : `process ${row.pid} died`
      corpses.push({ row, reason, begun: readBegunFile(begunPath(this.#store.path, row.key)) })
    }
    return corpses
  }

  /** Inside a transaction: gives back what a dead process had claimed. Empty when another process was first. */
  rescue({ row, begun, reason }: Corpse, now: number): Rescued[] {
    const rescued = this.#rescueClaims(row.id, begun, reason, now)
    this.#store.rates.leave(row.id, now)
    this.#store.processes.remove(row.id)
    return rescued
  }

  /** The rescue could not be written: the process is looked at again. */
  exhume({ row }: Corpse): void {
    const peer = this.#peers.get(row.id)
    if (peer) peer.dead = false
  }

  /** Inside a transaction: running jobs whose owner is unknown, as in a restored backup. */
  rescueStrays(now: number): Rescued[] {
    const owners = this.#store.processes.strayOwners()
    const rescued = owners.flatMap((owner) => this.#rescueClaims(owner, null, 'its process is unknown', now))
    this.#store.rates.leaveStray(now)
    return rescued
  }

  /** After the commit: removes the dead process's files. */
  bury({ row }: Corpse): void {
    this.#peers.get(row.id)?.probe.close()
    this.#peers.delete(row.id)
    removePresence(presencePath(this.#store.path, row.key))
    removeBegunFile(begunPath(this.#store.path, row.key))
  }

  /** Removes files that processes left which died before they had a row, or whose rescuer died after the commit. */
  sweep(now: number): void {
    for (const [key, writtenAt] of fileKeys(this.#store.path)) {
      const known = this.#store.processes.known(key)
      // One that had a row and has none any more is gone; one that never had may be about to write it.
      if (known ? known.present : now - writtenAt <= BEGINNING) continue
      const probe = new PresenceProbe(this.#store.path, key)
      const alive = probe.alive()
      probe.close()
      if (alive) continue
      removePresence(presencePath(this.#store.path, key))
      removeBegunFile(begunPath(this.#store.path, key))
    }
  }

  #followFailed(seq: number, error: WireError, now: number): StoredNow | null {
    const job = this.#store.links.linking(seq)
    const links = linksOf(job.options)
    return links && this.#store.links.follow(linkedBatches(links.linkError, job, { error }, now), now)
  }

  #rescueClaims(owner: number, begun: Begun | null, reason: string, now: number): Rescued[] {
    const orphans = this.#store.processes.claimedBy(owner)
    this.#bequeathPlaces(orphans, owner, begun, now)
    return orphans.map((orphan) => this.#rescueOne(orphan, owner, begun, reason, now))
  }

  /**
   * What is held of a line is told apart by nobody, and the places of those whose begin was told are gone: each that has not
   * begun gives one back, and what is then left are begins.
   */
  #bequeathPlaces(orphans: readonly Orphan[], owner: number, begun: Begun | null, now: number): void {
    // Nothing says when; none began after the last was noted.
    const latest = Math.min(now, Math.ceil(begun?.at ?? now) + NOTED_AHEAD)
    for (const began of [false, true])
      for (const orphan of orphans)
        if (hasBegun(orphan, begun) === began)
          this.#store.rates.bequeath(orphan, owner, orphan.startedAt ?? now, began ? latest : null)
  }

  #rescueOne(orphan: Orphan, owner: number, begun: Begun | null, reason: string, now: number): Rescued {
    const rescued = this.#settle(orphan, owner, begun, reason, now)
    const revoked = rescued.failed ? [] : this.#store.revocations.heed(orphan.seq, now)
    if (orphan.concurrencyKey !== null) this.#store.admission.refill(orphan.concurrencyKey)
    return { ...rescued, revoked }
  }

  #settle(orphan: Orphan, owner: number, begun: Begun | null, reason: string, now: number): Omit<Rescued, 'revoked'> {
    const { settlements } = this.#store
    const { seq, id, token, task, queue } = orphan
    const claim = { seq, owner, token, task, queue, thread: begun?.tokens.get(token) ?? null }
    if (!hasBegun(orphan, begun)) {
      settlements.giveBack(claim)
      return { id, task, failed: false, error: null, followed: null }
    }
    const error = toWireError(new WorkerLost(`${reason} while the job was running`))
    const onCrash = this.#tasks.get(task)?.onCrash ?? 'retry'
    const under = !begun || begun.last.has(token)
    if (onCrash === 'fail' || (under && orphan.crashes + 1 >= CRASH_LIMIT)) {
      const held = settlements.failCrashed(claim, orphan.startedAt, now, JSON.stringify(error))
      return { id, task, failed: true, error, followed: held ? this.#followFailed(orphan.seq, error, now) : null }
    }
    if (under) settlements.crash(claim, orphan.startedAt, now, JSON.stringify(error))
    else settlements.giveBack(claim)
    return { id, task, failed: false, error, followed: null }
  }
}

/** Keys in the names of process files, with the time of each one's last write. */
function fileKeys(database: string): Map<string, number> {
  const folder = dirname(database)
  const prefix = `${basename(database)}.`
  const keys = new Map<string, number>()
  for (const name of readdirSync(folder)) {
    const key = /^([0-9a-f-]{36})\.(alive|begun)$/.exec(name.startsWith(prefix) ? name.slice(prefix.length) : '')?.[1]
    const status = key === undefined ? undefined : statSync(join(folder, name), { throwIfNoEntry: false })
    if (key !== undefined && status) keys.set(key, Math.min(status.mtimeMs, keys.get(key) ?? status.mtimeMs))
  }
  return keys
}

/** When nothing tells, all have. */
const hasBegun = ({ token }: Orphan, begun: Begun | null): boolean => begun === null || begun.tokens.has(token)
