import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { AppStopped, ShuttingDown, TaskModuleFailed, TaskNotInModules } from '../errors.ts'
import type { LaneJob, Lane } from '../pool/lane.ts'
import { type LeftBehind, Pool } from '../pool/pool.ts'
import { isBusy, storageError } from '../store/sqlite-errors.ts'
import { Store } from '../store/store.ts'
import { begunPath, createBegunFile, removeBegunFile } from '../wire/begun-file.ts'
import { fromWireError, toWireError, type WireError } from '../wire/error-codec.ts'
import type {
  Command,
  LaneReport,
  Notice,
  Outcome,
  Reply,
  Request,
  Role,
  ScheduleDeclaration,
  Settled,
  StopReport,
} from '../wire/messages.ts'
import { Announcer } from './announcer.ts'
import { answer } from './answers.ts'
import { Beat } from './beat.ts'
import type { Clock } from './clock.ts'
import { LONGEST_TIMER } from './clock.ts'
import { Dispatcher } from './dispatcher.ts'
import { Edits } from './edits.ts'
import type { EngineOptions } from './engine-options.ts'
import { Estimates } from './estimates.ts'
import { Intake } from './intake.ts'
import { MAIN_SLOTS, MainRuns } from './main-runs.ts'
import { Rescuer, type Rescued } from './rescuer.ts'
import { Revoker } from './revoker.ts'
import type { Session } from './session.ts'
import { Settler } from './settler.ts'
import { StuckWatch } from './stuck-watch.ts'
import { TurnLoop } from './turn.ts'
import { Waiters } from './waiters.ts'
import { WalKeeper } from './wal-keeper.ts'

/** How often a process looks for commits of others, in ms: bounds how late it begins what another enqueued. */
const POLL_EVERY = 100
/** How often it looks whether its peers live, in ms. */
const PEERS_EVERY = 300
/** How often it shows that it is not hung, in ms. */
const BEAT_EVERY = 10_000
/** How often it looks whether the path still leads to its file, in ms. */
const FILE_EVERY = 1_000

/** The event that tells of each ending. */
const ENDINGS: Partial<Record<Settled[0], string>> = {
  SUCCESS: 'task-succeeded',
  FAILURE: 'task-failed',
  REVOKED: 'task-revoked',
}

/**
 * The engine thread's whole: owns the file, takes requests in, hands jobs out, and writes what became of them. It
 * never imports user code and shares no event loop with it, so leases, limits and schedules do not depend on either.
 */
export class Engine {
  readonly options: EngineOptions
  readonly clock: Clock
  readonly store: Store
  readonly edits: Edits
  readonly waiters: Waiters
  readonly dispatcher: Dispatcher
  readonly beat: Beat
  readonly announcer: Announcer
  readonly main: MainRuns
  readonly revoker: Revoker
  readonly #post: (message: Notice | Reply) => void
  readonly #app: Session
  readonly #intake: Intake
  readonly #settler: Settler
  readonly #turns: TurnLoop
  readonly #estimates = new Estimates()
  readonly #rescuer: Rescuer
  readonly #stuck: StuckWatch
  readonly #wal: WalKeeper
  readonly #laneSessions = new Map<Lane, Session>()
  readonly #timers: NodeJS.Timeout[] = []
  pool: Pool | null = null
  key = randomUUID()
  owner: number | null = null
  role: Role | null = null
  #timer: NodeJS.Timeout | null = null
  #timerAt = Number.POSITIVE_INFINITY
  #started: { resolve: () => void; reject: (error: Error) => void } | null = null
  #stopping: { report: StopReport; check: () => void } | null = null
  #polling = false

  constructor(options: EngineOptions, clock: Clock, post: (message: Notice | Reply) => void) {
    this.options = options
    this.clock = clock
    this.#post = post
    this.#app = { reply: post }
    this.store = new Store(options.database, options.durability)
    this.announcer = new Announcer(post)
    this.edits = new Edits(() => this.request())
    this.waiters = new Waiters(this.store)
    this.main = new MainRuns(post)
    this.#wal = new WalKeeper(this.store)
    this.#intake = new Intake(this.store, {
      stored: (queue, task, delayed) => this.#stored(queue, task, delayed),
      sent: (batch, duplicates) => {
        if (!this.announcer.wants('task-sent')) return
        for (const id of batch.ids) {
          if (!duplicates.includes(id))
            this.announcer.announce('task-sent', { id, task: batch.task, queue: batch.queue, at: this.clock.now() })
        }
      },
    })
    this.#settler = new Settler(this.store, {
      waiting: (queue, task, delayed) => this.#stored(queue, task, delayed),
      ended: (job, settled, milliseconds, now) => {
        this.waiters.settled(job.id, settled)
        this.beat.jobEnded()
        const name = ENDINGS[settled[0]]
        if (name && this.announcer.wants(name)) {
          this.announcer.announce(name, { ...describe(job), at: now, runtime: milliseconds, error: settled[4] })
        }
      },
      retried: (job, error, now) => this.announcer.announce('task-retried', { ...describe(job), at: now, error }),
      lostLease: (job) =>
        this.announcer.log('warn', `lost the lease of job ${job.id} (${job.task}); its outcome was dropped`),
    })
    this.beat = new Beat(this.store, {
      stored: (queue, task) => this.#stored(queue, task, true),
      fired: (schedule, slot, id) =>
        this.announcer.announce('schedule-fired', { schedule, slot, id, at: this.clock.now() }),
      missed: (schedule, slot) => this.announcer.announce('schedule-missed', { schedule, slot, at: this.clock.now() }),
    })
    this.dispatcher = new Dispatcher({
      store: this.store,
      pool: () => this.pool,
      main: this.main,
      estimates: this.#estimates,
      queueLimits: new Map(
        Object.entries(options.queues).flatMap(([name, q]) =>
          q.concurrency === undefined ? [] : [[name, q.concurrency] as const],
        ),
      ),
      owner: () => this.owner as number,
      monotonic: () => this.clock.monotonic(),
      events: {
        dispatched: (job) => {
          this.#stuck.watch()
          if (job.row[0] >= 0 && this.announcer.wants('task-started')) {
            this.announcer.announce('task-started', { ...describe(job), at: this.clock.now() })
          }
        },
        expired: (job, now) => {
          this.waiters.settled(job.id, ['EXPIRED', job.task, 'json', null, null])
          this.announcer.announce('task-expired', { ...job, at: now })
        },
      },
    })
    this.#rescuer = new Rescuer(this.store, this.dispatcher.tasks)
    this.#stuck = new StuckWatch(
      () => this.pool?.lanes ?? [],
      (job) => this.settleLater({ kind: 'give-back', job }),
    )
    this.revoker = new Revoker(this)
    this.#turns = new TurnLoop(
      this.store,
      clock,
      [this.#settler, this.#intake, this.edits, this.beat, this.dispatcher],
      (worked) => this.#afterTurn(worked),
    )
    this.#every(FILE_EVERY, () => this.#checkFile())
    this.#every(POLL_EVERY, () => this.#poll())
  }

  receive(message: Request | Command): void {
    switch (message.type) {
      case 'start':
        void this.#start(message.role, message.schedules).then(
          () => this.#post({ type: 'answer', request: message.request, value: null }),
          (error: unknown) => this.#post({ type: 'refused', requests: [message.request], error: toWireError(error) }),
        )
        return
      case 'stop':
        void this.#stop(message.drain, message.grace).then((report) =>
          this.#post({ type: 'answer', request: message.request, value: report }),
        )
        return
      case 'tasks':
        for (const task of message.tasks) this.dispatcher.tasks.set(task.name, task)
        if (this.dispatcher.consuming) this.dispatcher.openAll()
        this.request()
        return
      case 'listen':
        this.announcer.listen(message.events)
        return
      case 'poke':
        this.#poll()
        return
      case 'main-outcomes':
        for (const outcome of message.outcomes) this.#outcome(this.main.finish(outcome[1]), outcome)
        return
      case 'main-progress':
        this.#progressed(this.main.outstanding.get(message.position), message.progress)
        return
      case 'main-logs':
        for (const row of message.rows) {
          const job = this.main.outstanding.get(row[0])
          if (job) this.#settler.log(job, row)
        }
        this.request()
        return
      case 'open':
        return
      default:
        this.#serve(message, this.#app)
    }
  }

  request(): void {
    this.#turns.request()
  }

  settleLater(settlement: Parameters<Settler['add']>[0]): void {
    this.#settler.add(settlement)
    this.request()
  }

  get fault(): WireError | null {
    return this.#turns.fault ? toWireError(this.#turns.fault) : null
  }

  #serve(message: Request, session: Session): void {
    switch (message.type) {
      case 'enqueue':
        this.#intake.add(session, message.request, message.batches)
        this.request()
        return
      case 'ask':
        void answer(this, message.question).then(
          (value) => session.reply({ type: 'answer', request: message.request, value }),
          (error: unknown) =>
            session.reply({ type: 'refused', requests: [message.request], error: toWireError(this.#asOurs(error)) }),
        )
        return
      case 'wait':
        this.waiters.wait(message.ids, session)
        return
      case 'unwait':
        this.waiters.unwait(message.id, session)
        return
      case 'watch':
        this.waiters.watch(message.id, session)
        return
      case 'unwatch':
        this.waiters.unwatch(message.id, session)
    }
  }

  #asOurs(error: unknown): unknown {
    return isBusy(error) ? storageError(error, this.store.path) : error
  }

  #stored(queue: string, task: string, delayed: boolean): void {
    this.dispatcher.open(queue, task)
    if (delayed) this.dispatcher.recheckTimes()
  }

  // Starting

  async #start(role: Role, schedules: ScheduleDeclaration[]): Promise<void> {
    if (this.role !== null) return
    this.role = role
    await this.edits.make((now) => {
      for (const schedule of schedules) this.beat.put(schedule, true, now)
      if (role === 'all' || role === 'beat') this.beat.keepDeclared(schedules.map((s) => s.name))
    })
    if (role === 'producer') return
    await this.#appear()
    const rescued = await this.edits.make((now) => this.#rescuer.rescueStrays(now))
    this.#announceRescued(rescued)
    this.#every(PEERS_EVERY, () => this.#watchPeers())
    this.#every(BEAT_EVERY, () => this.#showBeat())
    this.#watchPeers()
    if (role !== 'beat') await this.#openPool()
    this.beat.run(role !== 'worker')
    if (role !== 'beat') this.dispatcher.consume(true)
    this.announcer.announce('worker-online', { key: this.key, pid: process.pid, at: this.clock.now() })
    this.request()
  }

  /** Registers this process: lock first, row after, so that a row without a lock always means death. */
  async #appear(): Promise<void> {
    this.#rescuer.appear(this.key)
    createBegunFile(begunPath(this.store.path, this.key))
    this.main.openBegunFile(begunPath(this.store.path, this.key), this.options.concurrency)
    this.owner = await this.edits.make((now) =>
      this.store.processes.register(
        {
          key: this.key,
          app: this.options.app.name,
          host: hostname(),
          pid: process.pid,
          role: this.role as Role,
          threads: this.options.concurrency,
          tasks: [...this.dispatcher.tasks.keys()],
        },
        now,
      ),
    )
    this.#rescuer.refresh(this.owner, this.clock.monotonic())
  }

  async #openPool(): Promise<void> {
    const { concurrency, pool, modules, app, maxPayload } = this.options
    this.pool = new Pool(
      { concurrency, ...pool, modules, app, maxPayload, begunFile: begunPath(this.store.path, this.key) },
      {
        report: (lane, report) => this.#report(lane, report),
        died: (lane, left, cause) => this.#laneDied(lane, left, cause),
      },
    )
    const needsThreads = [...this.dispatcher.tasks.values()].some((task) => task.runIn === 'thread')
    if (!needsThreads) return
    await new Promise<void>((resolve, reject) => {
      this.#started = { resolve, reject }
      for (let i = 0; i < Math.max(1, pool.minThreads); i++) this.pool?.open(this.clock.monotonic())
    }).finally(() => {
      this.#started = null
    })
  }

  // Lanes

  #report(lane: Lane, report: LaneReport): void {
    switch (report.type) {
      case 'ready':
        this.#ready(lane, report.tasks)
        return
      case 'unfit':
        this.#unfit(lane, report.error)
        return
      case 'outcomes':
        for (const outcome of report.outcomes) this.#outcome(lane.finish(outcome[1], this.clock.monotonic()), outcome)
        this.#retire(lane)
        return
      case 'progress':
        this.#progressed(lane.outstanding.get(report.position), report.progress)
        return
      case 'logs':
        for (const row of report.rows) {
          const job = lane.outstanding.get(row[0])
          if (job) this.#settler.log(job, row)
        }
        this.request()
        return
      case 'tainted':
        this.announcer.log(
          'warn',
          `a task left an error behind that nothing caught (${report.error.message}); its thread is replaced`,
        )
        lane.closed = true
        for (const job of lane.takeBack()) this.settleLater({ kind: 'give-back', job })
        this.#retire(lane)
        return
      case 'begun':
        return
      default:
        this.#serve(report, this.#sessionOf(lane))
    }
  }

  #sessionOf(lane: Lane): Session {
    let session = this.#laneSessions.get(lane)
    if (!session) {
      session = { reply: (reply) => lane.post(reply) }
      this.#laneSessions.set(lane, session)
    }
    return session
  }

  #ready(lane: Lane, tasks: string[]): void {
    lane.ready = true
    const known = new Set(tasks)
    const missing = [...this.dispatcher.tasks.values()].filter(
      (task) => task.runIn === 'thread' && !known.has(task.name),
    )
    if (missing.length > 0 && this.#started) {
      const names = missing.map((task) => `"${task.name}"`).join(', ')
      this.#started.reject(
        new TaskNotInModules(
          `${names} ${missing.length === 1 ? 'is' : 'are'} declared here but not by the modules of "tasks" — name the module that declares ${missing.length === 1 ? 'it' : 'them'}, and declare tasks before the first call that waits`,
        ),
      )
      return
    }
    this.#started?.resolve()
    this.request()
  }

  #unfit(lane: Lane, error: WireError): void {
    lane.closed = true
    this.announcer.log('error', error.message)
    if (this.#started) {
      this.#started.reject(fromWireError(error))
    }
  }

  /** Ends the thread of a lane that takes no more jobs once the last one is answered, and of one that ran its share. */
  #retire(lane: Lane): void {
    const share = this.options.pool.maxTasksPerThread
    if (share > 0 && lane.jobsRun >= share) {
      lane.closed = true
      for (const job of lane.takeBack()) this.settleLater({ kind: 'give-back', job })
    }
    if (lane.closed && lane.outstanding.size === 0) this.pool?.terminate(lane)
    this.#stopping?.check()
  }

  #outcome(job: LaneJob | undefined, outcome: Outcome): void {
    if (!job) return
    this.#estimates.observe(job.task, outcome[3])
    if (this.#stopping) this.#stopping.report.finished++
    const revoked = this.revoker.reasonOf(job)
    this.settleLater({ kind: 'outcome', job, outcome, revoked })
    this.#stopping?.check()
  }

  #progressed(job: LaneJob | undefined, progress: string): void {
    if (!job) return
    this.#settler.progress(job, progress)
    this.waiters.progressed(job.id, progress)
    this.announcer.announce('task-progress', { ...describe(job), at: this.clock.now(), progress: JSON.parse(progress) })
    this.request()
  }

  #laneDied(lane: Lane, { running, unanswered, waiting }: LeftBehind, cause: WireError): void {
    const session = this.#laneSessions.get(lane)
    if (session) this.waiters.leave(session)
    this.#laneSessions.delete(lane)
    for (const job of waiting) this.settleLater({ kind: 'give-back', job })
    for (const job of unanswered) this.#lost(job, cause, false)
    if (running) this.#lost(running, cause, true)
    if (this.#started && !this.pool?.lanes.some((l) => l.ready)) {
      this.#started.reject(new TaskModuleFailed(`a pool thread ended while it started: ${cause.message}`))
    }
    this.request()
    this.#stopping?.check()
  }

  /** A job whose thread ended before it was answered. */
  #lost(job: LaneJob, cause: WireError, under: boolean): void {
    const reason = this.revoker.reasonOf(job)
    if (this.#stopping && reason === undefined) {
      this.#stopping.report.returned++
      if (under) this.#stopping.report.killed++
      this.settleLater({ kind: 'give-back', job })
    } else if (reason !== undefined) {
      this.settleLater({ kind: 'revoked', job, reason, startedAt: this.clock.now() })
    } else {
      const fatal = this.dispatcher.tasks.get(job.task)?.onCrash === 'fail'
      if (under || fatal) this.settleLater({ kind: 'crash', job, error: cause, startedAt: null, fatal })
      else this.settleLater({ kind: 'give-back', job })
    }
  }

  // Looking around

  #afterTurn(worked: boolean): void {
    this.waiters.flush()
    if (worked) this.#wal.turned(this.#idle())
    this.#setTimer()
    if (this.#turns.fault) return
    if (worked && this.dispatcher.pending(this.clock.now())) this.request()
    this.#stopping?.check()
  }

  #idle(): boolean {
    for (const _ of this.dispatcher.outstanding()) return false
    return !this.#intake.pending()
  }

  #setTimer(): void {
    const wake = Math.min(
      this.dispatcher.wakeAt() ?? Number.POSITIVE_INFINITY,
      this.beat.wakeAt() ?? Number.POSITIVE_INFINITY,
    )
    if (wake === this.#timerAt) return
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    this.#timerAt = wake
    if (wake === Number.POSITIVE_INFINITY || (!this.dispatcher.consuming && !this.beat.on)) return
    const delay = Math.min(LONGEST_TIMER, Math.max(1, wake - this.clock.now()))
    this.#timer = setTimeout(() => {
      this.#timerAt = Number.POSITIVE_INFINITY
      this.request()
    }, delay)
  }

  #poll(): void {
    if (this.#polling) return
    this.#polling = true
    try {
      if (this.pool) this.pool.shrink(this.clock.monotonic())
      if (!this.store.changedElsewhere()) return
      this.waiters.check()
      if (this.dispatcher.consuming) this.dispatcher.openAll()
      if (this.owner !== null) {
        this.#rescuer.refresh(this.owner, this.clock.monotonic())
        this.revoker.look()
      }
      this.beat.refresh()
      this.request()
    } catch (error) {
      if (!isBusy(error)) this.#die(error)
    } finally {
      this.#polling = false
    }
  }

  #watchPeers(): void {
    for (const corpse of this.#rescuer.corpses(this.clock.monotonic())) {
      void this.edits
        .make((now) => this.#rescuer.rescue(corpse, now))
        .then(
          (rescued) => {
            this.#rescuer.bury(corpse)
            this.announcer.log('warn', `${corpse.reason}; ${rescued.length} of its jobs were taken over`)
            this.announcer.announce('worker-offline', {
              key: corpse.row.key,
              pid: corpse.row.pid,
              at: this.clock.now(),
            })
            this.#announceRescued(rescued)
          },
          (error: unknown) => this.announcer.log('error', `rescuing jobs failed: ${String(error)}`),
        )
    }
  }

  #announceRescued(rescued: Rescued[]): void {
    for (const { id, task, failed, error } of rescued) {
      if (!failed) continue
      this.waiters.settled(id, ['FAILURE', task, 'json', null, error])
      this.announcer.announce('task-failed', { id, task, error, at: this.clock.now() })
    }
    this.dispatcher.openAll()
    this.beat.jobEnded()
    this.request()
  }

  #showBeat(): void {
    const owner = this.owner
    if (owner === null) return
    void this.edits
      .make((now) => this.store.processes.beat(owner, now))
      .then(
        (held) => {
          // Another process took this one for dead, after a long stop of the whole process: its claims are gone.
          if (!held && this.owner === owner)
            this.#die(
              new AppStopped('this process was taken for dead and its jobs were given away — start the app again'),
            )
        },
        () => {},
      )
  }

  #checkFile(): void {
    try {
      this.store.assertSameFile()
    } catch (error) {
      this.#die(error)
    }
  }

  #every(milliseconds: number, work: () => void): void {
    this.#timers.push(setInterval(work, milliseconds))
  }

  /** The engine cannot go on: says why and leaves; what it had acknowledged is in the file. */
  #die(error: unknown): void {
    this.#post({ type: 'fatal', error: toWireError(error) })
    this.#clearTimers()
    void this.pool?.close()
    setImmediate(() => process.exit())
  }

  #clearTimers(): void {
    for (const timer of this.#timers) clearInterval(timer)
    if (this.#timer) clearTimeout(this.#timer)
    this.#stuck.stop()
  }

  // Stopping

  async #stop(drain: number, grace: number): Promise<StopReport> {
    const report: StopReport = { finished: 0, returned: 0, killed: 0 }
    this.dispatcher.consume(false)
    this.beat.run(false)
    const { promise: empty, check } = this.#whenEmpty()
    this.#stopping = { report, check }
    for (const lane of this.pool?.lanes ?? []) {
      for (const job of lane.takeBack()) {
        report.returned++
        this.settleLater({ kind: 'give-back', job })
      }
    }
    check()
    if (!(await within(empty, drain))) {
      const reason = toWireError(new ShuttingDown('the app is stopping and the drain time is over'))
      for (const lane of this.pool?.lanes ?? []) if (lane.running >= 0) lane.cancel(lane.running, reason)
      for (const position of this.main.outstanding.keys()) this.main.cancel(position, reason)
      if (!(await within(empty, grace))) {
        for (const lane of [...(this.pool?.lanes ?? [])]) this.pool?.terminate(lane)
        for (const job of this.main.outstanding.values()) {
          report.returned++
          this.settleLater({ kind: 'give-back', job })
        }
        this.main.outstanding.clear()
        await within(empty, 1_000)
      }
    }
    this.#clearTimers()
    this.#turns.finish()
    if (this.owner !== null) {
      const owner = this.owner
      this.owner = null
      this.store.write(false, () => this.store.processes.remove(owner))
      this.#rescuer.disappear()
      this.main.close()
      removeBegunFile(begunPath(this.store.path, this.key))
    }
    await this.pool?.close()
    this.store.close()
    setImmediate(() => process.exit())
    return report
  }

  /** Resolves once no job is outstanding; `check` looks. */
  #whenEmpty(): { promise: Promise<void>; check: () => void } {
    let resolve: () => void = () => {}
    const promise = new Promise<void>((r) => {
      resolve = r
    })
    return {
      promise,
      check: () => {
        for (const _ of this.dispatcher.outstanding()) return
        resolve()
      },
    }
  }
}

function describe(job: LaneJob): Record<string, unknown> {
  return { id: job.id, task: job.task, queue: job.queue, attempt: job.attempt }
}

/** Whether `promise` resolved within `milliseconds`. */
async function within(promise: Promise<unknown>, milliseconds: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), Math.min(milliseconds, 2 ** 31 - 1))
  })
  try {
    return await Promise.race([promise.then(() => true as const), late])
  } finally {
    clearTimeout(timer)
  }
}
