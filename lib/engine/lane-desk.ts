import type { Estimates } from '../domain/estimates.ts'
import { changedPolicy, retryDelay } from '../domain/retry.ts'
import { TaskModuleFailed, TaskNotInModules } from '../errors.ts'
import type { Lane, LaneJob } from '../pool/lane.ts'
import type { LeftBehind, PoolEvents } from '../pool/pool.ts'
import { fromWireError, toWireError, type WireError } from '../wire/error-codec.ts'
import type { LaneReport, LogChunk, MainReport, Outcome, Request, Successes } from '../wire/messages.ts'
import { valueAt } from '../wire/rows.ts'
import { isTooLate } from '../wire/run-deadline.ts'
import { optionsOf } from '../wire/stored-options.ts'
import { describeJob } from './announcer.ts'
import { BeginWatch, holdsPlace } from './begin-watch.ts'
import { timeLimitExceeded } from './limit-watch.ts'
import type { Parts } from './parts.ts'
import { patience } from './patience.ts'
import { stuckError } from './self-report.ts'
import type { Session } from './session.ts'
import { TailWatch } from './tail-watch.ts'

/** Turns what pool threads report, and their deaths, into settlements. */
export class LaneDesk implements PoolEvents {
  readonly #parts: Parts
  readonly #estimates: Estimates
  readonly #serve: (request: Request, session: Session) => void
  readonly #sessions = new Map<Lane, Session>()
  readonly #tails: TailWatch
  readonly #begins: BeginWatch
  #stuck = 0

  /** @param serve answers what tasks in pool threads ask of the engine */
  constructor(parts: Parts, estimates: Estimates, serve: (request: Request, session: Session) => void) {
    this.#parts = parts
    this.#estimates = estimates
    this.#serve = serve
    this.#tails = new TailWatch(
      () => parts.standing.pool?.lanes ?? [],
      (lane, chunk) => this.logged(lane.outstanding, [chunk]),
    )
    this.#begins = new BeginWatch(
      () => parts.standing.pool?.lanes ?? [],
      // Both times are cut to whole ms.
      (job, ran) => this.began(job, parts.clock.now() - ran + 2),
    )
  }

  /** A job was handed out. */
  watch(job: LaneJob): void {
    this.#tails.watch()
    if (holdsPlace(job)) this.#begins.watch()
  }

  stop(): void {
    this.#tails.stop()
    this.#begins.stop()
  }

  /** @param at not before it did, in epoch ms */
  began(job: LaneJob | undefined, at: number): void {
    if (!job || !holdsPlace(job)) return
    this.#parts.settler.began(job, at)
    this.#parts.turns.request()
  }

  report(lane: Lane, report: LaneReport): void {
    switch (report.type) {
      case 'ready':
        this.#ready(lane, report.tasks)
        return
      case 'unfit':
        this.#unfit(lane, report.error)
        return
      case 'outcomes':
        // By the outcomes the jobs are forgotten.
        if (report.logs) this.logged(lane.outstanding, report.logs)
        this.#outcomes(lane, report.outcomes)
        this.#retire(lane)
        return
      case 'committed':
        this.#committed(lane.outstanding.get(report.position), report)
        return
      case 'progress':
        this.progressed(lane.outstanding.get(report.position), report.progress)
        return
      case 'logs':
        this.logged(lane.outstanding, report.chunks)
        return
      case 'tainted':
        this.#tainted(lane, report.error)
        return
      default:
        this.#serve(report, this.#sessionOf(lane))
    }
  }

  /** What the application's own thread says of the jobs that it runs. */
  reportMain(report: MainReport): void {
    const { main } = this.#parts
    switch (report.type) {
      case 'main-begun':
        this.began(main.outstanding.get(report.position), report.at + 1)
        return
      case 'main-outcomes':
        for (const outcome of report.outcomes) this.settle(main.finish(outcome[1]), outcome)
        return
      case 'main-progress':
        this.progressed(main.outstanding.get(report.position), report.progress)
        return
      case 'main-logs':
        this.logged(main.outstanding, report.chunks)
    }
  }

  died(lane: Lane, { running, unanswered, waiting }: LeftBehind, cause: WireError): void {
    const { settler, waiters, turns, standing } = this.#parts
    const session = this.#sessions.get(lane)
    if (session) waiters.leave(session)
    this.#sessions.delete(lane)
    const unsent = lane.logTail.take()
    if (unsent && running?.position === unsent[0]) settler.log(running, unsent)
    for (const job of waiting) {
      job.takenBack = true
      this.#giveBack(job)
    }
    for (const job of unanswered) this.#lost(job, cause, false)
    if (running && running.position === lane.overran)
      this.overran(running, toWireError(timeLimitExceeded(running)), lane.ranFor(running.position) ?? 0)
    else if (running) this.#lost(running, cause, true)
    if (!standing.pool?.lanes.some((other) => other.ready)) {
      standing.awaitingThread?.reject(new TaskModuleFailed(`a pool thread ended while it started: ${cause.message}`))
    }
    turns.request()
    standing.awaitingEmpty?.()
  }

  #outcomes(lane: Lane, outcomes: readonly (Outcome | Successes)[]): void {
    const { settler, clock, standing, turns } = this.#parts
    const before = settler.size
    const now = clock.monotonic()
    for (const outcome of outcomes) {
      if (outcome[0] === 'successes') this.#successes(lane, outcome, now)
      else this.#settle(lane.finish(outcome[1], now), outcome)
    }
    if (lane.outstanding.size > 0) settler.mayWait(settler.size - before)
    const wait = standing.stopping ? 0 : patience(standing.pool?.lanes ?? [])
    if (wait > 0) turns.requestWithin(wait)
    else turns.request()
  }

  #successes(lane: Lane, [, from, startedAt, ran, results]: Successes, now: number): void {
    for (let i = 0; i < ran.length; i++) {
      const outcome: Outcome = ['success', from + i, startedAt, ran[i] as number, valueAt(results, i)]
      this.#settle(lane.finish(from + i, now), outcome)
    }
  }

  /** A job was answered; `undefined` when it was taken back before. */
  settle(job: LaneJob | undefined, outcome: Outcome): void {
    this.#settle(job, outcome)
    this.#parts.turns.request()
  }

  #settle(job: LaneJob | undefined, outcome: Outcome): void {
    if (!job) return
    const { revoker, settler, standing } = this.#parts
    this.#estimates.observe(job.task, outcome[3])
    const revoked = revoker.reasonOf(job)
    const cutShort = outcome[0] === 'failure' || outcome[0] === 'retry'
    if (standing.stopping && revoked === undefined && cutShort && standing.interrupted.has(job)) {
      standing.stopping.returned++
      settler.add({ kind: 'give-back', job, startedAt: outcome[2] })
    } else {
      if (standing.stopping) standing.stopping.finished++
      settler.add({ kind: 'outcome', job, outcome, revoked })
    }
    standing.awaitingEmpty?.()
  }

  stuck(threads: number): void {
    const { announcer, turns } = this.#parts
    if (threads > this.#stuck) announcer.report({ about: 'threads-stuck', error: toWireError(stuckError(threads)) })
    this.#stuck = threads
    turns.request()
  }

  /** A job's own transaction ended it; other connections of this process may have stored jobs in it too. */
  #committed(job: LaneJob | undefined, { milliseconds, followed }: LaneReport & { type: 'committed' }): void {
    const { settler, dispatcher, turns } = this.#parts
    if (dispatcher.consuming) dispatcher.openAll()
    if (job) settler.add({ kind: 'committed', job, milliseconds, followed })
    turns.request()
  }

  /** A job ran over its hard limit: it failed, and is tried again as its policy says. */
  overran(job: LaneJob, error: WireError, milliseconds: number): void {
    const { clock, dispatcher } = this.#parts
    // Both times are cut to whole ms.
    const startedAt = clock.now() - milliseconds + 1
    const change = optionsOf(job.options).retry
    const base = dispatcher.tasks.get(job.task)?.retry ?? null
    const policy = change ? changedPolicy(change, base) : base
    const retry = job.attempt - job.crashes - 1
    const { position } = job
    const delay =
      policy && retry < policy.maxRetries ? retryDelay({ ...policy, on: null }, retry, null, Math.random()) : null
    this.settle(
      job,
      delay !== null && !isTooLate(job.row, clock.now() + delay)
        ? ['retry', position, startedAt, milliseconds, error, delay]
        : ['failure', position, startedAt, milliseconds, error],
    )
  }

  progressed(job: LaneJob | undefined, progress: string): void {
    if (!job) return
    const { settler, waiters, announcer, turns, clock } = this.#parts
    settler.progress(job, progress)
    waiters.progressed(job.id, progress)
    if (announcer.wants('task-progress')) {
      announcer.announce('task-progress', { ...describeJob(job), at: clock.now(), progress: JSON.parse(progress) })
    }
    turns.request()
  }

  logged(outstanding: ReadonlyMap<number, LaneJob>, chunks: LogChunk[]): void {
    for (const chunk of chunks) {
      const job = outstanding.get(chunk[0])
      if (job) this.#parts.settler.log(job, chunk)
    }
    this.#parts.turns.request()
  }

  #sessionOf(lane: Lane): Session {
    let session = this.#sessions.get(lane)
    if (!session) {
      session = { reply: (reply) => lane.post(reply) }
      this.#sessions.set(lane, session)
    }
    return session
  }

  #ready(lane: Lane, tasks: string[]): void {
    lane.ready = true
    const { dispatcher, standing, turns } = this.#parts
    const known = new Set(tasks)
    const missing = [...dispatcher.tasks.values()].filter((task) => task.runIn === 'thread' && !known.has(task.name))
    if (missing.length > 0 && standing.awaitingThread) {
      const names = missing.map((task) => `"${task.name}"`).join(', ')
      standing.awaitingThread.reject(
        new TaskNotInModules(
          `declared here but not by the modules of "tasks": ${names} — name the module that declares it, and declare tasks before the first call that waits`,
        ),
      )
      return
    }
    standing.awaitingThread?.resolve()
    turns.request()
  }

  #unfit(lane: Lane, error: WireError): void {
    lane.closed = true
    const { announcer, standing } = this.#parts
    announcer.report({ about: 'thread-unfit', error })
    standing.awaitingThread?.reject(fromWireError(error))
  }

  /** Something threw outside a task: nobody knows what state the thread is in, so it takes no further job. */
  #tainted(lane: Lane, error: WireError): void {
    this.#parts.announcer.report({ about: 'thread-tainted', error })
    this.#close(lane)
  }

  /** Sets the most threads: what is idle beyond it leaves at once, what runs after its job. */
  resize(threads: number): void {
    const { standing, edits, store, turns } = this.#parts
    const { owner } = standing
    for (const lane of standing.pool?.resize(threads) ?? []) this.#close(lane)
    if (owner !== null) void edits.make(() => store.processes.resize(owner, threads)).catch(() => {})
    turns.request()
  }

  #close(lane: Lane): void {
    lane.closed = true
    for (const job of lane.takeBack()) this.#giveBack(job)
    this.#retire(lane)
  }

  /** Ends the thread of a lane that takes no more jobs once the last one is answered, and of one that ran its share. */
  #retire(lane: Lane): void {
    const { options, standing } = this.#parts
    const share = options.pool.maxTasksPerThread
    if (!lane.closed && share > 0 && lane.jobsRun >= share) this.#close(lane)
    else if (lane.closed && lane.outstanding.size === 0) standing.pool?.terminate(lane)
    standing.awaitingEmpty?.()
  }

  #giveBack(job: LaneJob): void {
    this.#parts.settler.add({ kind: 'give-back', job })
    this.#parts.turns.request()
  }

  /** A job whose thread ended before it was answered. */
  #lost(job: LaneJob, cause: WireError, under: boolean): void {
    const { revoker, settler, dispatcher, standing, clock, turns } = this.#parts
    const reason = revoker.reasonOf(job)
    const fatal = dispatcher.tasks.get(job.task)?.onCrash === 'fail'
    if (reason !== undefined) settler.add({ kind: 'revoked', job, reason, startedAt: clock.now() })
    else if (standing.stopping) {
      standing.stopping.returned++
      if (under) standing.stopping.killed++
      settler.add({ kind: 'give-back', job })
    } else if (under || fatal) settler.add({ kind: 'crash', job, error: cause, startedAt: null, fatal })
    else settler.add({ kind: 'give-back', job })
    turns.request()
  }
}
