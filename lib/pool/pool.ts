import { createRequire } from 'node:module'
import type { Piscina } from 'piscina'
import type { PoolSettings } from '../wire/engine-options.ts'
import { toWireError, type WireError } from '../wire/error-codec.ts'
import type { AppIdentity, Enlistment, LaneOpening, LaneReport } from '../wire/messages.ts'
import { Lane, type LaneJob } from './lane.ts'
import { LeavingThreads } from './leaving.ts'

export interface PoolOptions extends PoolSettings {
  /** Most threads. */
  concurrency: number
  modules: string[]
  app: AppIdentity
  maxPayload: number
  database: string
  durability: 'full' | 'normal'
}

export interface PoolEvents {
  report(lane: Lane, report: LaneReport): void
  died(lane: Lane, left: LeftBehind, cause: WireError): void
  /** How many threads are stuck in native code, when one more is and whenever one that was told to end has ended. */
  stuck(threads: number): void
}

/** The jobs of a lane whose thread ended. */
export interface LeftBehind {
  /** The job it ended under. */
  running: LaneJob | null
  /** Ran, but their outcomes were lost with the thread. */
  unanswered: LaneJob[]
  /** Never begun. */
  waiting: LaneJob[]
}

const require = createRequire(import.meta.url)

/** How long a thread stands by for another that may have to be ended, in ms. */
const STANDS_BY = 2_000

/** Least time between two openings after a thread that could not begin, in ms: its modules may fail again. */
const REST = 1_000

/**
 * The engine's side of the threads: one lasting piscina task a thread, which serves the lane's port until it is aborted.
 * Threads may be opened before the process is on the file; they run nothing until it is.
 */
export class Pool {
  readonly lanes: Lane[] = []
  readonly #piscina: Piscina
  readonly #options: PoolOptions
  #service: { enlistment: Enlistment; events: PoolEvents } | null = null
  /** Deaths of threads before the process was on the file. */
  #early: { lane: Lane; error: unknown }[] = []
  readonly #positions = new Map<number, number>()
  readonly #leaving: LeavingThreads
  #concurrency: number
  #restarts = 0
  #openedAt = 0
  #restUntil = 0

  constructor(options: PoolOptions) {
    this.#options = options
    this.#concurrency = options.concurrency
    this.#leaving = new LeavingThreads((stuck) => this.#service?.events.stuck(stuck))
    // Its CommonJS half as it is, for what wraps it for import() would have to be read and parsed before any thread begins.
    const { Piscina } = require('piscina') as typeof import('piscina')
    this.#piscina = new Piscina({
      filename: new URL('../worker/entry.cjs', import.meta.url).href,
      minThreads: 0,
      maxThreads: options.concurrency + 1,
      idleTimeout: 0,
      concurrentTasksPerWorker: 1,
      // With 'sync' a thread sleeps between tasks and blames what it throws meanwhile on the next one.
      atomics: 'disabled',
      recordTiming: false,
      ...(options.resourceLimits && { resourceLimits: options.resourceLimits }),
      ...(options.execArgv && { execArgv: options.execArgv }),
      ...(options.env && { env: options.env }),
    })
    // Errors of a thread reach the lane's own promise; what is left here belongs to a thread that already left.
    this.#piscina.on('error', () => {})
  }

  /** The process is on the file: threads may run jobs, and `events` hears of all that they have reported so far. */
  enlist(enlistment: Enlistment, events: PoolEvents): void {
    this.#service = { enlistment, events }
    for (const lane of this.lanes) this.#introduce(lane)
    for (const { lane, error } of this.#early.splice(0)) this.#writeOff(lane, error)
  }

  #introduce(lane: Lane): void {
    const service = this.#service
    if (!service) return
    lane.port.postMessage(service.enlistment)
    lane.listen((report) => service.events.report(lane, report))
  }

  /** Most threads. */
  get concurrency(): number {
    return this.#concurrency
  }

  /** Sets the most threads; returns lanes that are too many, those with the least to do first. */
  resize(concurrency: number): Lane[] {
    this.#concurrency = concurrency
    // Never less than there are: piscina would hold a thread's successor back until it is gone.
    this.#piscina.options.maxThreads = Math.max(this.#piscina.options.maxThreads, concurrency + 1)
    const open = this.lanes.filter((lane) => !lane.closed)
    open.sort((a, b) => a.outstanding.size - b.outstanding.size || a.backlog - b.backlog)
    const tooMany = open.slice(0, Math.max(0, open.length - concurrency))
    for (const lane of tooMany) lane.unneeded = true
    return tooMany
  }

  /** Whether another thread may be opened now. */
  room(now: number): boolean {
    // Those that were told to end just now may prove stuck too.
    return this.lanes.length + this.#beyond(this.#leaving.size) < this.#concurrency && now >= this.#restUntil
  }

  /** Threads stuck in native code after they were told to end. */
  get stuck(): number {
    return this.#leaving.stuck
  }

  /** Threads that run a job now. */
  get busy(): number {
    return this.lanes.filter((lane) => lane.outstanding.size > 0).length
  }

  /** Threads that ended so far for another reason than that nobody needed them: their place is taken by new ones. */
  get restarts(): number {
    return this.#restarts
  }

  /** So many threads are stuck that none can run a job. */
  get exhausted(): boolean {
    return this.#beyond(this.#leaving.stuck) >= this.#concurrency
  }

  /** Each stuck thread is replaced, but no more of them than the pool has threads: they hold memory, and something is wrong. */
  #beyond(threads: number): number {
    return Math.max(0, threads - this.#concurrency)
  }

  get opening(): boolean {
    return this.lanes.some((lane) => !lane.ready)
  }

  /** Opens threads up to the number that is always kept, and one at least. */
  fill(now: number): void {
    while (this.lanes.length < Math.max(1, this.#options.minThreads)) this.open(now)
  }

  open(now: number): Lane {
    this.#openedAt = now
    const slot = this.#freeSlot()
    const lane = new Lane(slot, this.#positions.get(slot) ?? 0, now)
    this.lanes.push(lane)
    this.#introduce(lane)
    const opening: LaneOpening = {
      port: lane.remotePort,
      cells: lane.cells,
      thread: lane.number,
      position: lane.position,
      epoch: lane.epoch,
      app: this.#options.app,
      modules: this.#options.modules,
      maxPayload: this.#options.maxPayload,
      captureConsole: this.#options.captureConsole,
      logTail: lane.logTail.buffer,
      database: this.#options.database,
      durability: this.#options.durability,
    }
    const others = new Set(this.#piscina.threads)
    const served = this.#piscina.run(opening, { transferList: [lane.remotePort], signal: lane.abort.signal })
    lane.thread = this.#piscina.threads.find((thread) => !others.has(thread)) ?? null
    let fault: unknown
    served.then(
      () => this.#ended(lane, null),
      (error: unknown) => this.#ended(lane, fault ?? error),
    )
    // One that fails before it takes its task leaves that in piscina's queue, where nobody would hear of it again.
    lane.thread?.once('error', (error) => {
      fault = error
    })
    lane.thread?.once('exit', () => setImmediate(() => lane.abort.abort()))
    return lane
  }

  /** A thread may have to be ended soon: sees that another is there to go on, for one takes longer to start than to end. */
  standBy(now: number): void {
    const reserve = this.lanes.find((lane) => lane.reserve)
    // Where many jobs come near their limit one thread stands by all the time, rather than a new one every few seconds.
    if (reserve) reserve.idleSince = now
    if (reserve || this.lanes.some((lane) => !lane.closed && lane.outstanding.size === 0)) return
    if (this.room(now)) {
      this.open(now)
    } else if (now >= this.#restUntil && this.#beyond(this.#leaving.size) === 0) {
      const lane = this.open(now)
      lane.reserve = true
      lane.closed = true
    }
  }

  /** Ends a thread at once, whatever it does. */
  terminate(lane: Lane): void {
    lane.closed = true
    if (lane.thread) this.#leaving.add(lane.thread, lane.ready)
    lane.abort.abort()
  }

  /** Ends threads that nobody needs, down to `minThreads`. */
  shrink(now: number): void {
    const { minThreads, idleTimeout } = this.#options
    const reserve = this.lanes.find((lane) => lane.reserve)
    if (reserve && now - reserve.idleSince >= STANDS_BY) this.#dismiss(reserve)
    let count = this.lanes.filter((lane) => !lane.reserve).length
    for (const lane of this.lanes) {
      if (count <= minThreads) return
      if (lane.ready && !lane.closed && lane.outstanding.size === 0 && now - lane.idleSince >= idleTimeout) {
        this.#dismiss(lane)
        count--
      }
    }
  }

  #dismiss(lane: Lane): void {
    lane.unneeded = true
    this.terminate(lane)
  }

  /** Ends every thread. Resolves once all have ended, which those stuck in native code may not. */
  async close(): Promise<void> {
    const begun = new Set(this.lanes.flatMap(({ ready, thread }) => (ready ? [thread] : [])))
    for (const thread of this.#piscina.threads) this.#leaving.add(thread, begun.has(thread))
    await this.#piscina.destroy()
    await this.#leaving.ended()
  }

  /** Threads that were told to end and live. */
  get leaving(): number {
    return this.#leaving.size
  }

  #callReserve(): void {
    const reserve = this.lanes.find((lane) => lane.reserve && !lane.abort.signal.aborted)
    if (!reserve || this.lanes.length + this.#beyond(this.#leaving.size) > this.#concurrency) return
    reserve.reserve = false
    reserve.closed = false
  }

  #freeSlot(): number {
    const taken = new Set(this.lanes.map((lane) => lane.slot))
    let slot = 0
    while (taken.has(slot)) slot++
    return slot
  }

  #ended(lane: Lane, error: unknown): void {
    lane.closed = true
    if (!lane.unneeded) this.#restarts++
    if (!lane.ready) this.#restUntil = this.#openedAt + REST
    if (this.#service) this.#writeOff(lane, error)
    else this.#early.push({ lane, error })
  }

  #writeOff(lane: Lane, error: unknown): void {
    // Outcomes posted before the thread ended still lie in the port: let them arrive before the rest is written off.
    setImmediate(() => {
      // Until now the lane counts: a stop must not take the pool for empty while jobs of it are unaccounted for.
      this.#positions.set(lane.slot, lane.position)
      this.lanes.splice(this.lanes.indexOf(lane), 1)
      this.#callReserve()
      const waiting = lane.takeBack()
      const running = lane.outstanding.get(lane.running) ?? null
      const unanswered = [...lane.outstanding.values()].filter((job) => job !== running)
      lane.outstanding.clear()
      lane.port.close()
      const cause = error === null ? { name: 'Error', message: 'the thread left' } : toWireError(error)
      this.#service?.events.died(lane, { running, unanswered, waiting }, cause)
    })
  }
}
