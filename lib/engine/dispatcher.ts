import type { Estimates } from '../domain/estimates.ts'
import { HEAD_START } from '../domain/rank.ts'
import type { Lane, LaneJob } from '../pool/lane.ts'
import type { Pool } from '../pool/pool.ts'
import { type Due, type Expired, rateKeyOf } from '../store/jobs/claim.ts'
import type { Store } from '../store/store.ts'
import type { EngineOptions } from '../wire/engine-options.ts'
import type { TaskDeclaration } from '../wire/messages.ts'
import { type Cursor, type LineState, Lines, lowest, removeThreadCursors } from './claim-cursors.ts'
import { claimedJob, crashesOf } from './claimed-job.ts'
import { CLOCK_SET, earliest } from './clock.ts'
import type { Promised, Telling } from './disk-sync.ts'
import { Gates, leftIn } from './gates.ts'
import type { MainRuns } from './main-runs.ts'
import { Placement } from './placement.ts'
import { SetBack } from './set-back.ts'
import type { Participant } from './turn.ts'

/** Deaths under one job after which it is failed. */
export const CRASH_LIMIT = 3
/** Most due or expired jobs handled in one turn. */
const SWEEP = 1_000
/** Most rows read of one line at once. */
const PAGE = 512
/** Most jobs laid aside in one turn for the rate of their key. */
const PARKED = 1_000

export interface DispatchEvents {
  /** The job is on its way. */
  dispatched(job: LaneJob): void
  /** The same, told after whatever was promised before it. */
  started(jobs: readonly LaneJob[]): void
  expired(job: Expired, now: number): void
  discarded(job: Due, now: number): void
}

/**
 * Claims due jobs for the threads that have room and hands them over. Jobs lie in lines, one for each queue and task, so
 * that what must not run (an unknown task, a full queue) is skipped without reading it; a claim merges the heads of the
 * lines that may run, lowest rank first.
 */
export class Dispatcher implements Participant {
  /** A lost claim only means that the job is claimed again; what ends without one is told to whoever waits. */
  promises: Promised = null
  readonly tasks = new Map<string, TaskDeclaration>()
  readonly gates: Gates
  readonly #store: Store
  readonly #pool: () => Pool | null
  readonly #main: MainRuns
  readonly #estimates: Estimates
  readonly #share: number
  readonly #owner: () => number
  readonly #events: DispatchEvents
  readonly #lines = new Lines()
  readonly #monotonic: () => number
  #consuming = false
  #queues: ReadonlySet<string> | null = null
  #token = 0
  #version: number | null = null
  #wakeAt: number | null = null
  #wakeStale = true
  /** A job that died twice waits until nothing runs beside it, so that a third death can only be its own. */
  #isolating = false
  /** The claim that is being written came to such a job. */
  #metCrasher = false
  /** What was running when a claim found nothing that may run beside it; until that changes there is nothing to do. */
  #stalledAt: number | null = null
  #placement: Placement<LaneJob> | null = null
  #mainPlan: LaneJob[] = []
  #emptied: LineState[] = []
  #expired: Expired[] = []
  #discarded: Due[] = []
  #parked = 0
  readonly #setBack = new SetBack(CLOCK_SET)

  constructor(parts: {
    store: Store
    pool: () => Pool | null
    main: MainRuns
    estimates: Estimates
    /** Limits of queues, by name. */
    queues: EngineOptions['queues']
    /** Most jobs that one thread runs before it is replaced; 0 for no limit. */
    share: number
    owner: () => number
    monotonic: () => number
    events: DispatchEvents
  }) {
    this.#store = parts.store
    this.#pool = parts.pool
    this.#main = parts.main
    this.#estimates = parts.estimates
    this.gates = new Gates(parts.store, this.tasks, parts.queues)
    this.#share = parts.share
    this.#owner = parts.owner
    this.#monotonic = parts.monotonic
    this.#events = parts.events
  }

  /** @param queues the only ones to consume, or null for all */
  consume(on: boolean, queues: ReadonlySet<string> | null = null): void {
    this.#consuming = on
    if (!on) return
    this.#setBack.suspect()
    this.#queues = queues
    this.#lines.clear()
    this.openAll()
  }

  /** Whether a due job lies in a line that this process consumes, declares the task of, and is not paused. */
  work(now: number): boolean {
    this.gates.look(now)
    return this.#store.lines
      .all()
      .some(([queue, task]) => this.#consumes(queue) && this.tasks.has(task) && !this.gates.paused(queue, task))
  }

  get consuming(): boolean {
    return this.#consuming
  }

  /** Due jobs may have appeared in a line. @param rank none of them has a lower one; new ones come after others of theirs */
  open(queue: string, task: string, rank?: number): void {
    if (!this.#consumes(queue)) return
    this.#stalledAt = null
    this.#lines.open(queue, task, rank)
  }

  /** Another process may have changed anything. */
  openAll(): void {
    for (const [queue, task] of this.#store.lines.all()) this.open(queue, task)
    this.#wakeStale = true
  }

  /** Jobs with a time of their own may have been stored. */
  recheckTimes(): void {
    this.#wakeStale = true
  }

  /** Epoch ms at which the next job becomes due or expires, or a rate lets more through; or null. */
  wakeAt(): number | null {
    if (this.#wakeStale) {
      const { claims, awaitedKeys } = this.#store
      this.#wakeAt = earliest(earliest(claims.nextDue(), claims.nextExpiry()), awaitedKeys.nextWake())
      this.#wakeStale = false
    }
    return earliest(this.#wakeAt, this.gates.wakeAt())
  }

  pending(now: number): boolean {
    for (const [queue, task] of this.#store.admission.opened()) this.open(queue, task)
    if (this.#store.awaitedKeys.takeRoused()) this.#wakeStale = true
    if (!this.#consuming) return false
    this.#setBack.look(now)
    const wake = this.#wakeBy(now)
    if (wake !== null && wake <= now) return true
    return this.#stalledAt !== this.#load && this.#cursorsWanted(now)
  }

  write(now: number): void {
    this.#placement = new Placement(this.#lanes, this.#share)
    this.#mainPlan = []
    this.#emptied = []
    this.#expired = []
    this.#discarded = []
    this.#parked = 0
    this.#metCrasher = false
    this.promises = null
    this.#lines.begin()
    const wake = this.#wakeBy(now)
    if (wake !== null && wake <= now) {
      if (this.#setBack.noticed) this.gates.clockWentBack(now)
      this.#expired = this.#store.claims.expire(now, SWEEP)
      for (const due of this.#store.claims.promote(now, HEAD_START, SWEEP)) {
        if (due.discarded) this.#discarded.push(due)
        else this.open(due.queue, due.task)
      }
      if (this.#expired.length > 0 || this.#discarded.length > 0) this.promises = 'soon'
      this.gates.wake(now)
      for (const [queue, task] of this.#store.admission.opened()) this.open(queue, task)
      this.#wakeStale = true
      // What expired beyond this sweep still looks due.
      if (this.#expired.length === SWEEP) return
    }
    const claimed = this.#plan(now)
    if (claimed.length > 0) this.#store.claims.start(claimed, this.#owner(), now)
    if (this.gates.record()) this.#wakeStale = true
  }

  committed(now: number): Telling {
    for (const line of this.#emptied) line.open = false
    this.#lines.committed()
    if (this.#metCrasher) this.#isolating = true
    this.#setBack.settled()
    const placed = (this.#placement?.plan.size ?? 0) + this.#mainPlan.length
    this.#stalledAt = placed === 0 && this.#parked === 0 && this.#emptied.length === 0 ? this.#load : null
    const expired = this.#expired
    const discarded = this.#discarded
    const started = this.#mainPlan
    const { plan } = this.#placement as Placement<LaneJob>
    // Before the sync that others wait for: the threads run meanwhile.
    for (const [lane, jobs] of plan) {
      lane.run(jobs)
      for (const job of jobs) this.#events.dispatched(job)
    }
    for (const job of started) {
      this.#main.run(job)
      this.#events.dispatched(job)
    }
    this.#placement = null
    this.#growIfNeeded(now)
    return () => {
      for (const job of expired) this.#events.expired(job, now)
      for (const job of discarded) this.#events.discarded(job, now)
      for (const jobs of [...plan.values(), started]) this.#events.started(jobs)
    }
  }

  failed(): void {
    this.#placement = null
    this.#wakeStale = true
    this.gates.refresh()
  }

  /** Hands jobs that were taken back to lanes with room, and returns those that found none. */
  moveOn(jobs: LaneJob[]): LaneJob[] {
    const placement = new Placement<LaneJob>(this.#lanes, this.#share)
    const left = jobs.filter((job) => !placement.place(job, job.expected))
    for (const [lane, moved] of placement.plan) lane.run(moved)
    return left
  }

  /** Jobs that this process has claimed and not settled. */
  *outstanding(): Iterable<LaneJob> {
    for (const lane of this.#lanes) yield* lane.outstanding.values()
    yield* this.#main.outstanding.values()
  }

  get held(): number {
    let held = this.#main.outstanding.size
    for (const lane of this.#lanes) held += lane.outstanding.size
    return held
  }

  /** A clock that was set back is a reason to look at once. */
  #wakeBy(now: number): number | null {
    return this.#setBack.noticed ? now : this.wakeAt()
  }

  #consumes(queue: string): boolean {
    return this.#queues === null || this.#queues.has(queue)
  }

  /** Tells apart what runs now from what ran when a claim stalled. */
  get #load(): number {
    let load = this.#main.outstanding.size
    for (const lane of this.#lanes) load += lane.outstanding.size * 1_024 + (lane.ready && !lane.closed ? 1 << 20 : 0)
    return load
  }

  get #lanes(): readonly Lane[] {
    return this.#pool()?.lanes ?? []
  }

  #cursorsWanted(now: number): boolean {
    if (!this.#lines.someOpen) return false
    const threadRoom = new Placement(this.#lanes, this.#share).capacity(0.001) > 0
    if (!threadRoom) this.#growIfNeeded(now)
    this.gates.look(now)
    for (const line of this.#lines) {
      if (!line.open) continue
      const task = this.tasks.get(line.task)
      if (!task || !(task.runIn === 'main' ? this.#main.room > 0 : threadRoom)) continue
      // A full queue is nothing to do until one of its jobs ends: asked again at once, it would keep a core busy.
      if (this.gates.of(line.queue, line.task)) return !this.#blockedByIsolation()
    }
    return false
  }

  #blockedByIsolation(): boolean {
    if (this.held === 0) return false
    if (this.#isolating) return true
    for (const job of this.outstanding()) if (job.crashes >= CRASH_LIMIT - 1) return true
    return false
  }

  /** Plans what is to be claimed now. */
  #plan(now: number): LaneJob[] {
    const claimed: LaneJob[] = []
    if (this.#blockedByIsolation()) return claimed
    this.#isolating = false
    let placed = this.held
    let mainRoom = this.#main.room
    const cursors = this.#cursors(mainRoom, now)
    while (cursors.length > 0) {
      const cursor = lowest(cursors)
      const row = cursor.rows[cursor.at]!
      const crashes = crashesOf(row)
      const rateKey = rateKeyOf(row)
      if (leftIn(cursor.gates) === 0 || (cursor.main && mainRoom === 0)) {
        cursors.splice(cursors.indexOf(cursor), 1)
        continue
      }
      if (crashes >= CRASH_LIMIT - 1 && placed > 0) {
        this.#metCrasher = true
        return claimed
      }
      const { task } = cursor.line
      const keyGate = rateKey === null ? null : this.gates.ofKey(rateKey, task)
      if (keyGate?.left === 0) {
        this.gates.park(keyGate, row[0])
        if (++this.#parked === PARKED) return claimed
        this.#step(cursor, cursors)
        continue
      }
      const claim = { owner: this.#owner(), token: ++this.#token }
      const job = claimedJob(row, cursor.line, claim, this.tasks.get(task), this.#estimates.of(task))
      if (cursor.main) {
        this.#mainPlan.push(job)
        mainRoom--
      } else if (!this.#placement!.place(job, job.expected)) {
        removeThreadCursors(cursors)
        continue
      }
      claimed.push(job)
      placed++
      if (cursor.gates.length > 0) this.gates.pass(cursor.gates, job)
      if (keyGate) this.gates.passKey(keyGate, job)
      if (crashes >= CRASH_LIMIT - 1) return claimed
      this.#step(cursor, cursors)
    }
    return claimed
  }

  #cursors(mainRoom: number, now: number): Cursor[] {
    const cursors: Cursor[] = []
    this.gates.look(now)
    if (this.gates.version !== this.#version) {
      // What others stored or gave back may lie before the places that were reached.
      this.#lines.rewind()
      this.#version = this.gates.version
    }
    for (const line of this.#lines) {
      if (!line.open) continue
      const task = this.tasks.get(line.task)
      if (!task) continue
      const main = task.runIn === 'main'
      if (main && mainRoom === 0) continue
      const gates = this.gates.of(line.queue, line.task)
      if (gates) cursors.push({ line, main, gates, rows: [], at: 0, more: true })
    }
    const share = cursors.length
    return cursors.filter((cursor) => this.#read(cursor, cursor.line.rank, cursor.line.seq, share))
  }

  /** Reads the next rows of a line; false when it has none, which closes it after the commit. */
  #read(cursor: Cursor, afterRank: number, afterSeq: number, share: number): boolean {
    const { queue, task } = cursor.line
    const room = cursor.main ? this.#main.room : this.#placement!.capacity(this.#estimates.of(task))
    const left = leftIn(cursor.gates)
    if (room === 0 || left === 0) return false
    const limit = Math.min(PAGE, left, Math.ceil(room / share) + (share > 1 ? 1 : 0))
    cursor.rows = this.#store.claims.page(queue, task, afterRank, afterSeq, limit)
    this.gates.lookAtKeys(cursor.rows, task)
    cursor.at = 0
    cursor.more = cursor.rows.length === limit
    if (cursor.rows.length === 0 && afterRank === cursor.line.rank && afterSeq === cursor.line.seq)
      this.#emptied.push(cursor.line)
    return cursor.rows.length > 0
  }

  #step(cursor: Cursor, cursors: Cursor[]): void {
    const [seq, rank] = cursor.rows[cursor.at]!
    cursor.line.reached = [rank, seq]
    if (++cursor.at < cursor.rows.length) return
    if (cursor.more && this.#read(cursor, rank, seq, cursors.length)) return
    // All of it is taken: a turn of its own to find the line empty would only stand in the thread's way.
    if (!cursor.more) this.#emptied.push(cursor.line)
    cursors.splice(cursors.indexOf(cursor), 1)
  }

  /** Opens another thread when all are busy and somebody waits; one at a time, since each takes a core to start. */
  #growIfNeeded(now: number): void {
    const pool = this.#pool()
    if (!this.#consuming || !pool?.room(this.#monotonic()) || pool.opening) return
    if (pool.lanes.some((lane) => !lane.closed && lane.outstanding.size === 0)) return
    this.gates.look(now)
    for (const line of this.#lines) {
      const { queue, task } = line
      if (!line.open || this.tasks.get(task)?.runIn !== 'thread' || !this.gates.of(queue, task)) continue
      // An open line may be empty: jobs of a task that is new here are taken one by one.
      if (this.#store.claims.page(queue, task, Number.MIN_SAFE_INTEGER, 0, 1).length > 0) {
        pool.open(this.#monotonic())
        return
      }
    }
  }
}
