import type { Worker } from 'node:worker_threads'
import { AppStopped, DatabaseReplaced, EngineCrashed, LeaseLost } from '../errors.ts'
import { Bells } from '../wire/bells.ts'
import type { EngineBoot, EngineOptions } from '../wire/engine-options.ts'
import { fromWireError, toWireError } from '../wire/error-codec.ts'
import type { Command, JobShape, Notice, Request, StartOrder, StopReport, TaskDeclaration } from '../wire/messages.ts'
import { startThread, threadProgram } from '../wire/own-thread.ts'
import { BriefWriter, type FromEngine } from '../wire/shorthand.ts'
import { Vigil } from '../wire/vigil.ts'
import { LoopDelay } from './loop-delay.ts'
import { Requests } from './requests.ts'

export interface EngineListener {
  notice(notice: Exclude<Notice, { type: 'fatal' | 'loop-delay-asked' }>): void
  /** The engine ended by itself while the app was started. */
  crashed(error: Error): void
}

/** How much longer than its drain and grace a stop waits for what is being stored, in ms. */
const LOCKED = 1_000
/** Spacing of the samples of the event loop, in ms: each of them wakes a thread that may have nothing to do. */
const LOOP_RESOLUTION = 500
/** What a stop did that found nothing running. */
const NOTHING: StopReport = { finished: 0, returned: 0, killed: 0 }
/** As fast as with V8's 48 MB, of which a drain takes some and a moment of rest gives nothing back. */
const YOUNG_GENERATION = { maxYoungGenerationSizeMb: 4 }
/** How soon a call follows an answer that was awaited for it, in ms: one after another, the next answer is awaited awake. */
const AT_ONCE = 0.05
/** An answer that takes longer is awaited asleep, in ms: a fast disk needs half of it. */
const LONGEST_VIGIL = 0.15
/** Longest that one timer is set for, in ms: a storage fault is told well before. */
const LONGEST_TIMER = 60_000

/**
 * The application thread's end: starts the engine thread at the first need and speaks with it. The thread keeps the
 * process alive while something is awaited of it, or while the app is started.
 */
export class EngineThread {
  readonly requests: Requests
  readonly #program = threadProgram('engine')
  readonly #options: EngineOptions
  readonly #listener: EngineListener
  readonly #loopDelay = new LoopDelay(LOOP_RESOLUTION)
  #worker: Worker | null = null
  /** Of the present thread. */
  #brief = new BriefWriter()
  #tasks: TaskDeclaration[] = []
  #events: string[] = []
  #waited = false
  #started: StartOrder | null = null
  #stopped = false
  /** Until the next start nothing is stored, rather than in another file than what was stored before. */
  #replaced: DatabaseReplaced | null = null
  #stopping: Promise<StopReport> | null = null
  #patience = { drain: 0, grace: 0 }
  readonly #bells = new Bells()
  readonly #vigil = new Vigil(LONGEST_VIGIL, this.#bells, 'engine', {
    open: () => this.#bells.open(),
    look: () => this.#take(),
    close: () => {
      this.#bells.close()
      this.#take()
    },
  })
  #answeredAt = 0

  /** @throws LibraryBundled */
  constructor(options: EngineOptions, listener: EngineListener) {
    this.#options = options
    this.#listener = listener
    this.requests = new Requests({
      send: (request, shape) => this.#send(request, shape),
      hold: (on) => {
        this.#waited = on
        this.#hold()
      },
    })
  }

  async start(order: StartOrder): Promise<void> {
    await this.#stopping?.catch(() => {})
    this.#stopped = false
    this.#replaced = null
    try {
      this.#worker ??= this.#spawn(this.#needsThreads(order))
      await this.requests.expect((request) => this.#send({ type: 'start', request, ...order }))
      this.#started = order
      this.#hold()
    } catch (error) {
      if (!this.#stopped) {
        // By the engine's own hand, so that its row, its lock and its files go with it.
        if (this.#worker) await this.stop(0, 0).catch(() => {})
        this.#stopped = false
      }
      throw error
    }
  }

  /**
   * Resolves with what the stop did once the thread is gone; at once when it never ran. A second call joins the first,
   * and shortens what it still waits for.
   */
  stop(drain: number, grace: number): Promise<StopReport> {
    if (this.#stopping !== null) {
      this.#patience = { drain: Math.min(drain, this.#patience.drain), grace: Math.min(grace, this.#patience.grace) }
      this.#worker?.postMessage({ type: 'hasten', ...this.#patience } satisfies Command)
      return this.#stopping
    }
    this.#patience = { drain, grace }
    this.#stopping = this.#stop().finally(() => {
      this.#stopping = null
    })
    return this.#stopping
  }

  async #stop(): Promise<StopReport> {
    // What was asked for before the stop is still stored, even if it was in this very turn of the event loop.
    // But a file that others hold locked does not hold the stop up for longer than its own times.
    const begun = performance.now()
    await before(this.requests.landed(), this.#patience.drain + this.#patience.grace + LOCKED)
    const waited = Math.round(performance.now() - begun)
    this.#stopped = true
    const worker = this.#worker
    if (!worker) return { ...NOTHING }
    const gone = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
    const report = await this.requests
      .expect<StopReport>((request) =>
        worker.postMessage({
          type: 'stop',
          request,
          ...this.#patience,
          drain: Math.max(0, this.#patience.drain - waited),
        }),
      )
      .catch((error: Error) => {
        // The lease was lost: others have its jobs by now, so that nothing is left to stop.
        if (error instanceof AppStopped) return { ...NOTHING }
        throw error
      })
    this.#worker = null
    this.#started = null
    this.#loopDelay.stop()
    // Nothing else may keep the process alive by now, and its end would come before the thread's.
    worker.ref()
    // It cannot end before its own threads do.
    if (report.stuck) worker.unref()
    else await gone
    this.requests.fail(stoppedMeanwhile())
    return report
  }

  /** Declares tasks; those that are declared later follow on their own. */
  declare(tasks: TaskDeclaration[]): void {
    this.#tasks = tasks
    this.#worker?.postMessage({ type: 'tasks', tasks } satisfies Command)
  }

  listen(events: string[]): void {
    this.#events = events
    this.#worker?.postMessage({ type: 'listen', events } satisfies Command)
  }

  /** Another connection of this process may have committed. */
  poke(): void {
    this.#worker?.postMessage({ type: 'poke' } satisfies Command)
  }

  post(command: Command): void {
    this.#worker?.postMessage(command)
  }

  #send(message: Request | Command, shape: JobShape | null = null): void {
    const refusal = this.#stopped
      ? new AppStopped('the app was stopped — call start() to use it again')
      : this.#replaced
    if (refusal) {
      queueMicrotask(() => this.requests.refuse(message, refusal))
      return
    }
    this.#worker ??= this.#spawn(false)
    if (message.type !== 'enqueue') {
      this.#worker.postMessage(message)
      return
    }
    const enqueue = this.#brief.enqueue(message, shape)
    this.#vigil.listen()
    this.#worker.postMessage(enqueue)
    this.#bells.ring('app')
    if (Array.isArray(enqueue) && performance.now() - this.#answeredAt < AT_ONCE) this.#vigil.begin(this.#others())
  }

  #needsThreads({ role }: StartOrder): boolean {
    return (role === 'all' || role === 'worker') && this.#tasks.some((task) => task.runIn === 'thread')
  }

  #spawn(threads: boolean): Worker {
    const worker = startThread(this.#program, {
      workerData: { options: this.#options, threads, bells: this.#bells.buffer } satisfies EngineBoot,
      resourceLimits: YOUNG_GENERATION,
      name: `celeriac-engine:${this.#options.app.name}`,
    })
    worker.on('message', (message: FromEngine) => this.#receive(worker, message))
    worker.on('error', (error) =>
      this.#lost(
        worker,
        new EngineCrashed(`the engine thread ended: ${error.message} — what it acknowledged is in the file`, {
          cause: error,
        }),
      ),
    )
    worker.on('exit', (code) => {
      const error = new EngineCrashed(
        `the engine thread exited with code ${code} — what it acknowledged is in the file`,
      )
      // The answer to a stop may arrive in the same turn as the exit: what awaits it goes first.
      setImmediate(() => this.#lost(worker, error))
    })
    if (this.#tasks.length > 0) worker.postMessage({ type: 'tasks', tasks: this.#tasks } satisfies Command)
    if (this.#events.length > 0) worker.postMessage({ type: 'listen', events: this.#events } satisfies Command)
    this.#worker = worker
    this.#brief = new BriefWriter()
    this.#hold()
    return worker
  }

  #receive(worker: Worker, message: FromEngine): void {
    this.#bells.ring('app')
    if (typeof message === 'number') {
      this.#stored(message)
      return
    }
    switch (message.type) {
      case 'fatal':
        this.#lost(worker, fromWireError(message.error))
        return
      case 'loop-delay-asked':
        worker.postMessage({
          type: 'loop-delay',
          milliseconds: this.#loopDelay.look()?.max ?? null,
        } satisfies Command)
        return
      case 'event':
      case 'main-run':
      case 'stop-asked':
      case 'main-cancel':
      case 'incident':
        this.#listener.notice(message)
        return
      default:
        this.requests.receive(message)
    }
  }

  #lost(worker: Worker, error: Error): void {
    if (this.#worker !== worker) return
    this.#worker = null
    const started = this.#started
    const renewed = error instanceof LeaseLost && started !== null
    if (renewed && this.#stopping === null) {
      this.#listener.notice({ type: 'incident', incident: { about: 'engine-renewed', error: toWireError(error) } })
      this.requests.repeat()
      void this.start(started).catch((again: Error) => this.#listener.crashed(again))
      return
    }
    this.#started = null
    if (renewed && !this.#stopped) {
      // The stop waits for what is being stored: that takes an engine, but none that runs anything.
      this.requests.repeat()
      return
    }
    if (error instanceof DatabaseReplaced) this.#replaced = error
    this.requests.fail(renewed ? stoppedMeanwhile() : error)
    if (started && !renewed) this.#listener.crashed(error)
  }

  #take(): void {
    const request = this.#bells.take()
    if (request !== 0) this.#stored(request)
  }

  #stored(request: number): void {
    this.#vigil.end()
    this.#answeredAt = performance.now()
    this.requests.stored(request)
  }

  /** Threads of ours that may want a core while this one waits. */
  #others(): number {
    return 1 + (this.#started && this.#needsThreads(this.#started) ? this.#options.concurrency : 0)
  }

  #hold(): void {
    if (this.#waited || this.#started) this.#worker?.ref()
    else this.#worker?.unref()
  }
}

function stoppedMeanwhile(): AppStopped {
  return new AppStopped('the app was stopped while this was awaited — what was stored goes on at the next start')
}

/** Waits for `promise`, but no longer than so many ms. */
async function before(promise: Promise<void>, milliseconds: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, Math.min(milliseconds, LONGEST_TIMER))
  })
  await Promise.race([promise, late]).finally(() => clearTimeout(timer))
}
