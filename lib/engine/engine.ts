import { Estimates } from '../domain/estimates.ts'
import type { LaneJob } from '../pool/lane.ts'
import type { Pool } from '../pool/pool.ts'
import { sentOf } from '../store/jobs/links.ts'
import { sqliteCode, storageError } from '../store/sqlite-errors.ts'
import { Store } from '../store/store.ts'
import type { EngineOptions } from '../wire/engine-options.ts'
import { toWireError } from '../wire/error-codec.ts'
import type { Request, Settled } from '../wire/messages.ts'
import { BriefReader, briefReply, type Post, type ToEngine } from '../wire/shorthand.ts'
import type { Vigil } from '../wire/vigil.ts'
import { Announcer, describeJob } from './announcer.ts'
import { answer } from './answers.ts'
import { Beat } from './beat.ts'
import { CLOCK_SET, type Clock, LONGEST_TIMER } from './clock.ts'
import { CommandDesk } from './command-desk.ts'
import { DiskSync } from './disk-sync.ts'
import { Dispatcher } from './dispatcher.ts'
import { Edits } from './edits.ts'
import { Intake } from './intake.ts'
import { LaneDesk } from './lane-desk.ts'
import { LimitWatch } from './limit-watch.ts'
import { Lookout } from './lookout.ts'
import { MainRuns } from './main-runs.ts'
import { type Orders, perform } from './orders.ts'
import type { Parts } from './parts.ts'
import { Pruner } from './pruner.ts'
import { Rescuer } from './rescuer.ts'
import { Revoker } from './revoker.ts'
import type { Session } from './session.ts'
import { Settler } from './settler.ts'
import type { Standing } from './standing.ts'
import { start } from './starting.ts'
import { stop } from './stopping.ts'
import { StuckWatch } from './stuck-watch.ts'
import { TurnLoop } from './turn.ts'
import { VitalSigns } from './vitals.ts'
import { Waiters } from './waiters.ts'
import { WalKeeper } from './wal-keeper.ts'

/** Jobs a thread from which on many short ones wait: of long ones few are handed out ahead. */
const CROWD = 8
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
  readonly #parts: Parts
  readonly #post: Post
  readonly #app: Session
  readonly #brief = new BriefReader()
  readonly #intake: Intake
  readonly #desk: LaneDesk
  readonly #lookout: Lookout
  readonly #stuck: StuckWatch
  readonly #limits: LimitWatch
  readonly #wal: WalKeeper
  #timer: NodeJS.Timeout | null = null
  #timerAt = Number.POSITIVE_INFINITY
  /** Wall clock less monotonic clock when the timer was set. */
  #timerShift = 0

  /**
   * @param pool where threads have begun already
   * @param vigil for what the application posts
   * @throws the database errors
   */
  constructor(options: EngineOptions, pool: Pool | null, clock: Clock, post: Post, vigil: Vigil) {
    this.#post = post
    this.#app = { reply: (reply) => post(briefReply(reply)) }
    const store = new Store(options.database, options.durability)
    const announcer = new Announcer(post)
    const waiters = new Waiters(store, (telling) => {
      if (store.unsyncedElsewhere()) disk.owe('now')
      disk.tell(telling)
      disk.pay()
    })
    const main = new MainRuns(post)
    const estimates = new Estimates()
    const standing: Standing = {
      role: null,
      key: store.processes.newKey(),
      owner: null,
      pool,
      starting: null,
      stopping: null,
      hasten: null,
      awaitingThread: null,
      awaitingEmpty: null,
      awaitingDrained: new Set(),
      interrupted: new Set(),
    }
    const stored = (queue: string, task: string, delayed: boolean, rank?: number): void => {
      dispatcher.open(queue, task, rank)
      if (delayed) dispatcher.recheckTimes()
    }
    const dispatcher: Dispatcher = new Dispatcher({
      store,
      pool: () => standing.pool,
      main,
      estimates,
      queues: options.queues,
      share: options.pool.maxTasksPerThread,
      owner: () => standing.owner as number,
      monotonic: () => clock.monotonic(),
      events: {
        dispatched: (job) => {
          this.#stuck.watch()
          this.#desk.watch(job)
          this.#limits.watch(job)
        },
        started: (jobs) => {
          if (!announcer.wants('task-started')) return
          for (const job of jobs) announcer.announce('task-started', { ...describeJob(job), at: clock.now() })
        },
        expired: ({ id, task, queue }, now) => {
          waiters.settled(id, ['EXPIRED', task, 'json', null, null])
          announcer.announce('task-expired', { id, task, queue, at: now })
        },
        discarded: ({ id, task }, now) => {
          waiters.settled(id, ['REVOKED', task, 'json', null, null])
          announcer.announce('task-revoked', { id, task, at: now })
        },
      },
    })
    const beat = new Beat(store, options.app.name, {
      stored: (queue, task) => stored(queue, task, true),
      fired: (schedule, slot, id) => announcer.announce('schedule-fired', { schedule, slot, id, at: clock.now() }),
      missed: (schedule, slot, outcome, slots) =>
        announcer.announce('schedule-missed', { schedule, slot, outcome, slots, at: clock.now() }),
      revoked: (ended, running) => {
        revoker.announce(ended, clock.now())
        if (running) revoker.look()
      },
      broken: (schedule, error) => announcer.report({ about: 'schedule-broken', schedule, error: toWireError(error) }),
    })
    const settler = new Settler(store, {
      waiting: stored,
      slowDown: (job, now, wait) => dispatcher.gates.backOff(job, now, wait),
      roomier: (buckets) => dispatcher.gates.reopen(buckets),
      revoked: (jobs, now) => revoker.announce(jobs, now),
      followed: ({ sent, ended }, now) => {
        announcer.sent(sent, now)
        revoker.announce(ended, now)
      },
      ended: (job, settled, runtime, now) => {
        waiters.settled(job.id, settled)
        const name = ENDINGS[settled[0]]
        if (name && announcer.wants(name)) {
          announcer.announce(name, { ...describeJob(job), at: now, runtime, error: settled[4] })
        }
      },
      retried: (job, error, now) => announcer.announce('task-retried', { ...describeJob(job), at: now, error }),
      lostLease: ({ id, task }) => announcer.report({ about: 'lease-lost', id, task }),
    })
    const edits = new Edits(() => turns.request())
    const rescuer = new Rescuer(store, dispatcher.tasks)
    const revoker = new Revoker({
      store,
      main,
      standing,
      waiters,
      announcer,
      takenBack: (revoked, others) => {
        // Given back, they are found to be revoked.
        for (const job of revoked) settler.add({ kind: 'give-back', job })
        this.#moveOn(others)
      },
    })
    this.#intake = new Intake(store, {
      stored,
      sent: (batch, duplicates) => {
        if (announcer.wants('task-sent')) announcer.sent(sentOf(batch, duplicates), clock.now())
      },
      ended: (jobs, now) => revoker.announce(jobs, now),
    })
    const participants = [settler, this.#intake, edits, beat, dispatcher]
    const disk: DiskSync = new DiskSync(
      store,
      () => waiters.flush(),
      (error) => this.#die(error),
    )
    const turns: TurnLoop = new TurnLoop(
      store,
      clock,
      participants,
      disk,
      (worked) => this.#afterTurn(worked),
      vigil,
      // More jobs than one have the cores to themselves.
      () => dispatcher.held <= 1,
    )

    const crowded = (): boolean => dispatcher.held > CROWD * (standing.pool?.lanes.length ?? 1)
    const pruner = new Pruner({ store, edits, clock, crowded }, options, (error) =>
      announcer.report({ about: 'pruning-failed', error: toWireError(error) }),
    )
    const orders: Orders = {
      resize: (threads) => this.#desk.resize(threads),
      stop: (drain, grace) => post({ type: 'stop-asked', drain, grace }),
    }
    this.#parts = {
      options,
      clock,
      store,
      turns,
      edits,
      settler,
      waiters,
      dispatcher,
      beat,
      announcer,
      main,
      revoker,
      rescuer,
      pruner,
      commands: new CommandDesk({ store, standing, edits, announcer, clock }, (verb, args) =>
        perform(this.#parts, orders, verb, args),
      ),
      standing,
      vitals: new VitalSigns(standing, post),
    }
    this.#wal = new WalKeeper(store, clock, (incident) => announcer.report(incident))
    this.#stuck = new StuckWatch(
      () => standing.pool?.lanes ?? [],
      (jobs) => this.#moveOn(jobs),
    )
    this.#desk = new LaneDesk(this.#parts, estimates, (request, session) => this.#serve(request, session))
    this.#limits = new LimitWatch({ standing, main }, (job, error, milliseconds) =>
      this.#desk.overran(job, error, milliseconds),
    )
    this.#lookout = new Lookout(this.#parts, (error) => this.#die(error))
  }

  receive(posted: ToEngine): void {
    const message = this.#brief.read(posted)
    const { dispatcher, announcer, standing, turns } = this.#parts
    switch (message.type) {
      case 'start':
        standing.starting = start(this.#parts, this.#lookout, this.#desk, message)
        this.#answer(message.request, this.#app, standing.starting)
        return
      case 'stop':
        this.#answer(
          message.request,
          this.#app,
          stop(this.#parts, this.#lookout, message.drain, message.grace).finally(() => this.#leave()),
        )
        return
      case 'hasten':
        standing.hasten?.(message.drain, message.grace)
        return
      case 'tasks':
        for (const task of message.tasks) dispatcher.tasks.set(task.name, task)
        if (dispatcher.consuming) dispatcher.openAll()
        turns.request()
        return
      case 'listen':
        announcer.listen(message.events)
        return
      case 'poke':
        this.#lookout.poll()
        return
      case 'main-begun':
      case 'main-outcomes':
      case 'main-progress':
      case 'main-logs':
        this.#desk.reportMain(message)
        return
      case 'loop-delay':
        this.#parts.vitals.answered(message.milliseconds)
        return
      default:
        this.#serve(message, this.#app)
    }
  }

  #serve(message: Request, session: Session): void {
    const { waiters, turns } = this.#parts
    switch (message.type) {
      case 'enqueue':
        this.#intake.add(session, message.request, message.batches)
        turns.request()
        return
      case 'ask':
        this.#answer(message.request, session, answer(this.#parts, message.question))
        return
      case 'wait':
        waiters.wait(message.ids, session)
        return
      case 'unwait':
        waiters.unwait(message.id, session)
        return
      case 'watch':
        waiters.watch(message.id, session)
        return
      case 'unwatch':
        waiters.unwatch(message.id, session)
    }
  }

  #answer(request: number, session: Session, work: Promise<unknown>): void {
    const { path } = this.#parts.store
    work.then(
      (value) => session.reply({ type: 'answer', request, value }),
      (error: unknown) =>
        session.reply({
          type: 'refused',
          requests: [request],
          error: toWireError(sqliteCode(error) === null ? error : storageError(error, path)),
        }),
    )
  }

  /** Jobs of a thread's line that another thread is to run. */
  #moveOn(jobs: LaneJob[]): void {
    const { dispatcher, settler, turns } = this.#parts
    for (const job of dispatcher.moveOn(jobs)) settler.add({ kind: 'give-back', job })
    turns.request()
  }

  #afterTurn(worked: boolean): void {
    const { waiters, turns, dispatcher, beat, standing, clock } = this.#parts
    waiters.flush()
    if (worked) {
      beat.recheck()
      this.#lookout.worked()
      this.#wal.turned(this.#idle())
    }
    this.#setTimer()
    const now = clock.now()
    if (worked && !turns.fault && (beat.pending(now) || dispatcher.pending(now))) turns.request()
    standing.awaitingEmpty?.()
    for (const look of standing.awaitingDrained) look()
  }

  #idle(): boolean {
    return this.#parts.dispatcher.held === 0 && !this.#intake.pending()
  }

  /** Wakes the engine for the next job or slot that becomes due. */
  #setTimer(): void {
    const { dispatcher, beat, clock, turns } = this.#parts
    const wake = Math.min(
      (dispatcher.consuming ? dispatcher.wakeAt() : null) ?? Number.POSITIVE_INFINITY,
      beat.wakeAt() ?? Number.POSITIVE_INFINITY,
    )
    const shift = clock.now() - clock.monotonic()
    // A timer counts by the monotonic clock: when the wall clock was set, it would ring at another time.
    if (wake === this.#timerAt && Math.abs(shift - this.#timerShift) <= CLOCK_SET) return
    this.#timerShift = shift
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    this.#timerAt = wake
    if (wake === Number.POSITIVE_INFINITY) return
    this.#timer = setTimeout(
      () => {
        this.#timerAt = Number.POSITIVE_INFINITY
        turns.request()
      },
      Math.min(LONGEST_TIMER, Math.max(1, wake - clock.now())),
    )
  }

  /** The engine cannot go on: says why and leaves; what it had acknowledged is in the file. */
  #die(error: unknown): void {
    const fault = sqliteCode(error) === null ? error : storageError(error, this.#parts.store.path)
    this.#post({ type: 'fatal', error: toWireError(fault) })
    this.#lookout.stop()
    void this.#parts.standing.pool?.close()
    this.#leave()
  }

  #leave(): void {
    this.#stuck.stop()
    this.#desk.stop()
    this.#limits.stop()
    this.#parts.pruner.stop()
    this.#wal.stop()
    if (this.#timer) clearTimeout(this.#timer)
    // Ends the thread once what was posted is on its way.
    setImmediate(() => process.exit())
  }
}
