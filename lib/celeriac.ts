import { AppFile } from './app-file.ts'
import { AuditLog } from './audit.ts'
import { EngineThread } from './client/engine-thread.ts'
import { Requests } from './client/requests.ts'
import { Control } from './control.ts'
import { formatRate } from './domain/rate.ts'
import { retryData } from './domain/retry.ts'
import { DuplicateSchedule, DuplicateTask, InvalidOption, InvalidSchedule, JoinInsideTask } from './errors.ts'
import { EventHub } from './event-hub.ts'
import type { EventMap, EventName } from './events.ts'
import { checkInput } from './input-check.ts'
import { Inspect } from './inspect.ts'
import { linkResolver } from './links.ts'
import { LogLines } from './log-lines.ts'
import { MainTasks } from './main-tasks.ts'
import { type AppSettings, appSettings, type CeleriacOptions, type ShutdownOptions } from './options/app-options.ts'
import { callSettings, gateKeysOf } from './options/call-options.ts'
import { durationOr, nameOf, namesOf, oneOf, optionsOf } from './options/check.ts'
import { wholeTaskLimit } from './options/limit-options.ts'
import { type TaskOptions, taskSettings } from './options/task-options.ts'
import { uniqueKey } from './options/unique-options.ts'
import { Reader } from './reader.ts'
import { ReaderThread } from './reading/reader-thread.ts'
import { AsyncResult } from './result.ts'
import { type ScheduleOptions, scheduleDeclaration } from './schedule-options.ts'
import { Schedules } from './schedules.ts'
import type { Signature } from './signature.ts'
import type { Task } from './task.ts'
import { type DefinedTask, makeTask, type TaskHost } from './task-factory.ts'
import type { TaskFunction } from './task-function.ts'
import { encode } from './wire/codec.ts'
import type {
  AppIdentity,
  JobShape,
  Notice,
  Role,
  ScheduleDeclaration,
  ScheduledJob,
  StopReport,
} from './wire/messages.ts'
import { type PoolThread, poolThread } from './wire/pool-thread.ts'
import type { RunnableTask } from './worker/execute.ts'
import { runningTask } from './worker/task-context.ts'

export interface StartOptions {
  /** `'all'` consumes and fires schedules, `'worker'` only consumes, `'beat'` only fires, `'producer'` only enqueues. Default `'all'`. */
  role?: Role
  /** Consume only these queues; jobs of others are left to other processes. Default: all. */
  queues?: readonly string[]
}

/** Static method decorator of `@app.task('name')`. */
export type TaskDecorator = <F extends TaskFunction>(method: F, context: ClassMethodDecoratorContext) => Task<F>

/** Apps made in this thread so far, by name: a pool thread finds the application's own by the same count. */
const created = new Map<string, number>()

/** A set of tasks and schedules, and the SQLite file that their jobs live in. */
export class Celeriac extends AppFile {
  /** The app's name. */
  readonly name: string
  /** Paths that are masked wherever jobs are shown. */
  readonly redact: readonly string[]
  /** The tasks declared so far, by name. */
  readonly tasks: ReadonlyMap<string, Task>
  /** Looks at jobs, queues and processes. */
  readonly inspect: Inspect
  /** Steers jobs, queues and tasks, in all processes of the file. */
  readonly control: Control
  /** The schedules in the file. */
  readonly schedules: Schedules
  /** Absolute path of the SQLite file. */
  readonly database: string
  /** Reads the whole file, in a thread of its own. */
  readonly reader: Reader
  /** Who changed what by hand. */
  readonly audit: AuditLog
  readonly #settings: AppSettings
  readonly #identity: AppIdentity
  readonly #tasks = new Map<string, DefinedTask>()
  readonly #callable = new Map<string, Task>()
  readonly #declared = new Map<string, ScheduleDeclaration>()
  readonly #thread: PoolThread<RunnableTask> | undefined
  readonly #engine: EngineThread
  readonly #requests: Requests
  readonly #events: EventHub
  readonly #log: LogLines
  readonly #mainTasks: MainTasks
  readonly #host: TaskHost
  #announcing = false

  /**
   * Checks the options; touches neither the file nor a thread.
   * @throws InvalidOption
   */
  constructor(options: CeleriacOptions = {}) {
    super()
    this.#settings = appSettings(options)
    this.name = this.#settings.name
    this.database = this.#settings.database
    this.redact = this.#settings.redact
    this.tasks = this.#callable
    const ordinal = created.get(this.name) ?? 0
    created.set(this.name, ordinal + 1)
    this.#identity = { name: this.name, ordinal }
    this.#log = new LogLines(this.name, this.#settings.logger)
    const { database, durability, concurrency, queues, pool, modules, maxPayload, retention, ledgerRetention } =
      this.#settings
    this.#engine = new EngineThread(
      {
        app: this.#identity,
        database,
        durability,
        concurrency,
        queues,
        pool,
        modules,
        maxPayload,
        retention,
        ledgerRetention,
      },
      {
        notice: (notice) => this.#notice(notice),
        crashed: (error) => {
          this.#log.failed(error)
          this.#events.emit('engine-crashed', { error, at: new Date() })
        },
      },
    )
    this.#mainTasks = new MainTasks(this.#tasks, maxPayload, (command) => this.#engine.post(command))
    this.#events = new EventHub(
      (wanted) => this.#engine.listen(wanted),
      (event, error) => this.#log.listenerFailed(event, error),
    )
    this.#thread = poolThread<RunnableTask>()
    if (this.#thread) {
      this.#thread.apps.push({ identity: this.#identity, tasks: this.#tasks })
      this.#requests = this.#requestsOf(this.#thread)
    } else {
      this.#requests = this.#engine.requests
    }
    this.#host = {
      app: this.name,
      database: this.#thread?.database ?? database,
      maxPayload,
      links: linkResolver(this.name, this.#tasks, maxPayload),
      hidden: this.#settings.redact,
      requests: () => this.#ready(),
      poke: () => setImmediate(() => this.#engine.poke()),
    }
    const reading = new ReaderThread(this.#host.database)
    this.reader = new Reader(reading, this.#settings.redact)
    this.audit = new AuditLog(this.#host)
    const states = () => reading.call('states')
    this.inspect = new Inspect(this.#host, () => this.#registered(), states)
    this.control = new Control(this.#host)
    this.schedules = new Schedules(this.#host, (name, given) => this.#scheduleOf(name, given), this.#declared)
  }

  /**
   * Declares a task. The name is what jobs are stored under: keep it when the function moves.
   * @throws DuplicateTask, InvalidOption
   */
  task<F extends TaskFunction>(name: string, fn: F): Task<F>
  task<F extends TaskFunction>(name: string, options: TaskOptions, fn: F): Task<F>
  task(name: string, options?: TaskOptions): TaskDecorator
  task<F extends TaskFunction>(name: string, second?: TaskOptions | F, third?: F): Task<F> | TaskDecorator {
    const fn = typeof second === 'function' ? second : third
    const options = typeof second === 'function' ? undefined : second
    if (fn !== undefined) return this.#define(name, options, fn)
    return <G extends TaskFunction>(method: G, context: ClassMethodDecoratorContext): Task<G> => {
      if (context.kind !== 'method' || !context.static) {
        throw new InvalidOption(
          `@app.task("${name}") stands on ${String(context.name)}, which is no static method — a job has no instance to run on`,
        )
      }
      return this.#define(name, options, method)
    }
  }

  /**
   * Declares a schedule; it is stored and begins to fire at `start()`.
   * @throws InvalidSchedule, DuplicateSchedule, InvalidOption
   */
  schedule(name: string, options: ScheduleOptions): void {
    // Pool threads run tasks only; checking the schedules again would cost each of them the calendar library.
    if (this.#thread) return
    const declaration = this.#scheduleOf(name, options)
    if (this.#declared.has(name))
      throw new DuplicateSchedule(`schedule "${name}" is declared twice in app "${this.name}" — give each its own name`)
    this.#declared.set(name, declaration)
  }

  /** A handle on the job of this id, whoever stored it and whenever. */
  result<R = unknown>(id: string): AsyncResult<R> {
    return new AsyncResult<R>(nameOf(id, 'result id'), this.#host)
  }

  /**
   * Begins to consume the file, in the role given. Resolves once the file is open and a pool thread has imported the
   * task modules.
   * @throws TaskModuleNotFound, TaskModuleFailed, TaskNotInModules, and the database errors
   */
  async start(options: StartOptions = {}): Promise<void> {
    if (this.#thread) return this.#untilEnd()
    const given = optionsOf(options, 'start()', ['role', 'queues'])
    const role = oneOf(given.role, 'start(): role', ['all', 'worker', 'beat', 'producer'] as const, 'all')
    if (role !== 'producer' && role !== 'beat' && this.#settings.modules.length === 0) {
      const inThreads = [...this.#tasks.values()].filter((task) => task.settings.runIn === 'thread')
      if (inThreads.length > 0) {
        throw new InvalidOption(
          `"tasks" is not given, so pool threads cannot find "${inThreads[0]?.name}" — pass tasks: import.meta.url (CommonJS: __filename) in the module that declares it`,
        )
      }
    }
    const queues = given.queues === undefined ? null : namesOf(given.queues, 'start(): queues')
    this.#declareTasks()
    await this.#engine.start({ role, queues, redact: this.redact, schedules: [...this.#declared.values()] })
  }

  /**
   * Resolves once no due job is left that this process may run, and none runs in it. Jobs with a time of their own ahead
   * (eta, countdown, the next attempt) are not waited for. At once when the app does not consume.
   */
  async drained(): Promise<void> {
    if (runningTask()) throw new JoinInsideTask('drained() was called inside a task, which would wait for itself')
    await this.#ready().ask({ about: 'drained' })
  }

  /**
   * Stops consuming: lets running jobs finish, hands the rest back with their attempt, and closes the file. A second call
   * joins the first and can only shorten it.
   */
  async stop(options: ShutdownOptions = {}): Promise<StopReport> {
    if (this.#thread) return this.#untilEnd()
    const given = optionsOf(options, 'stop()', ['drain', 'grace'])
    const { drain, grace } = this.#settings.shutdown
    const report = await this.#engine.stop(
      durationOr(given.drain, 'stop(): drain', drain),
      durationOr(given.grace, 'stop(): grace', grace),
    )
    await this.reader.close()
    return report
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  /** Listens to an event. A listener that throws is logged, and harms no job. */
  on<N extends EventName>(name: N, listener: (event: EventMap[N]) => void): this {
    this.#events.on(name, listener)
    return this
  }

  off<N extends EventName>(name: N, listener: (event: EventMap[N]) => void): this {
    this.#events.off(name, listener)
    return this
  }

  #define<F extends TaskFunction>(name: string, options: TaskOptions | undefined, fn: F): Task<F> {
    nameOf(name, 'task name')
    if (typeof fn !== 'function')
      throw new InvalidOption(`task "${name}" was given no function — app.task(name, options?, fn)`)
    if (this.#tasks.has(name))
      throw new DuplicateTask(`task "${name}" is declared twice in app "${this.name}" — give each its own name`)
    const settings = taskSettings(options, this.#settings.taskDefaults, `task "${name}"`)
    const { input, retry } = settings
    this.#tasks.set(name, {
      name,
      settings,
      run: fn as unknown as RunnableTask['run'],
      retry,
      checkInput: input && ((args) => checkInput(input, name, args)),
      hooks: this.taskHooks,
    })
    this.#announceTasks()
    const task = makeTask(this.#host, name, settings, fn)
    this.#callable.set(name, task as unknown as Task)
    return task
  }

  /** Tells the engine of tasks that were declared after it was started, once for those of one turn. */
  #announceTasks(): void {
    if (this.#announcing || this.#thread) return
    this.#announcing = true
    queueMicrotask(() => {
      this.#announcing = false
      this.#declareTasks()
    })
  }

  #declareTasks(): void {
    this.#engine.declare(
      [...this.#tasks.values()].map(({ name, settings }) => {
        const { runIn, onCrash, timeLimit, softTimeLimit } = settings
        const concurrency = wholeTaskLimit(settings.concurrency)
        const retry = settings.retry && retryData(settings.retry)
        const { rateLimit } = settings
        const rate = rateLimit && { limit: rateLimit.limit, per: rateLimit.per, keyed: rateLimit.key !== null }
        return { name, runIn, onCrash, concurrency, rate, timeLimit, softTimeLimit, retry }
      }),
    )
  }

  #registered(): ReturnType<Inspect['registered']> {
    return [...this.#tasks.values()].map(({ name, settings }) => {
      const { queue, priority, runIn, codec, retry, concurrency, rateLimit } = settings
      return {
        name,
        queue,
        priority,
        runIn,
        codec,
        maxRetries: retry?.maxRetries ?? 0,
        concurrency: concurrency?.limit ?? null,
        rateLimit: rateLimit && formatRate(rateLimit),
      }
    })
  }

  #scheduleOf(name: string, options: ScheduleOptions): ScheduleDeclaration {
    return scheduleDeclaration(name, options, this.#settings.timezone, (signature) =>
      this.#scheduledJob(name, signature),
    )
  }

  #scheduledJob(name: string, signature: Signature): ScheduledJob {
    const task = this.#tasks.get(signature.task)
    if (!task)
      throw new InvalidSchedule(
        `schedule "${name}" runs "${signature.task}", which app "${this.name}" does not declare`,
      )
    const { countdown, eta, taskId, expires } = signature.options
    if (countdown !== undefined || eta !== undefined || taskId !== undefined || expires instanceof Date) {
      throw new InvalidSchedule(
        `schedule "${name}": countdown, eta, taskId and a Date as expires cannot be repeated — leave them out`,
      )
    }
    const settled = callSettings(signature.task, task.settings, signature.options, 0, this.#host.links)
    const { unique, shape } = settled
    const gateKeys = gateKeysOf(task.settings, settled, [signature.args])
    const { runAt: _runAt, expiresAt, parentId: _parent, rootId: _root, chosen: _chosen, ...job }: JobShape = shape
    const args = encode(signature.args, task.settings.codec, 'args', this.#settings.maxPayload)
    return {
      ...job,
      ...(unique && { keys: [uniqueKey(unique, signature.task, signature.args, args)] }),
      ...(gateKeys && { gateKeys }),
      expiresIn: expiresAt,
      args,
    }
  }

  /** The way to the engine, unless this is a pool thread that is still importing: then the import ends here. */
  #ready(): Requests {
    if (this.#thread?.importing && !runningTask()) {
      this.#thread.reachedProgram()
      return haltedRequests
    }
    return this.#requests
  }

  async #untilEnd(): Promise<never> {
    this.#thread?.reachedProgram()
    return new Promise<never>(() => {})
  }

  #requestsOf(thread: PoolThread<RunnableTask>): Requests {
    const requests = new Requests({ send: (request) => thread.send(request), hold: () => {} })
    thread.listen((reply) => requests.receive(reply))
    return requests
  }

  #notice(notice: Exclude<Notice, { type: 'fatal' | 'loop-delay-asked' }>): void {
    switch (notice.type) {
      case 'event':
        this.#events.receive(notice.name, notice.event)
        return
      case 'main-run':
        this.#mainTasks.run(notice.row, notice.tell)
        return
      case 'main-cancel':
        this.#mainTasks.cancel(notice.position, notice.error)
        return
      case 'stop-asked':
        void this.stop({
          ...(notice.drain !== null && { drain: notice.drain }),
          ...(notice.grace !== null && { grace: notice.grace }),
        }).catch((error: Error) => this.#log.failed(error))
        return
      case 'incident':
        this.#log.report(notice.incident)
    }
  }
}

/** In a pool thread that imports a program, what the program asks for at its top level never happens. */
const haltedRequests = new Requests({ send: () => {}, hold: () => {} })
