import { DuplicateJob, InvalidInput, InvalidOption } from './errors.ts'
import { checkInput } from './input-check.ts'
import {
  type CallOptions,
  type CallSettings,
  callSettings,
  gateKeysOf,
  type LinkResolver,
  plainShape,
  type SingleCallOptions,
} from './options/call-options.ts'
import { refuse } from './options/check.ts'
import type { TaskSettings } from './options/task-options.ts'
import { type UniqueSettings, uniqueKey } from './options/unique-options.ts'
import { AsyncResult, type ResultSource } from './result.ts'
import { Signature } from './signature.ts'
import { insertWithin } from './store/caller-connection.ts'
import type { Task } from './task.ts'
import type { TaskFunction } from './task-function.ts'
import { encode } from './wire/codec.ts'
import { newJobId } from './wire/job-id.ts'
import type { Duplicate } from './wire/messages.ts'
import { tracedEnqueue, tracedStore } from './wire/tracing.ts'
import type { CallerDatabase, TransactionalTask } from './within.ts'
import type { RunnableTask } from './worker/execute.ts'
import { runningTask } from './worker/task-context.ts'

/** What a task needs of its app. */
export interface TaskHost extends ResultSource {
  /** The app's name. */
  readonly app: string
  readonly database: string
  readonly maxPayload: number
  readonly links: LinkResolver
  /** Another connection of this process is about to commit jobs. */
  poke(): void
}

export interface DefinedTask extends RunnableTask {
  readonly name: string
  readonly settings: TaskSettings
}

type Encoded = string | Uint8Array
type Duplicates = ReadonlyMap<string, Duplicate>

/** Makes the callable task for a function. */
export function makeTask<F extends TaskFunction>(host: TaskHost, name: string, settings: TaskSettings, fn: F): Task<F> {
  type Result = Awaited<ReturnType<F>>
  type Args = Parameters<F>
  const plain = plainShape(name, settings)
  const { codec, input } = settings

  const shapeOf = (options: SingleCallOptions | undefined): CallSettings => {
    const settled =
      options === undefined && plain
        ? { taskId: null, concurrencyKey: null, unique: settings.unique, shape: plain }
        : callSettings(name, settings, options, Date.now(), host.links)
    const parent = runningTask()
    if (parent) return { ...settled, shape: { ...settled.shape, parentId: parent.id, rootId: parent.rootId } }
    // Calls that share a shape share a batch, and one of unique jobs that may be refused is stored whole or not at all.
    return settled.unique?.rule.onConflict === 'error' ? { ...settled, shape: { ...settled.shape } } : settled
  }
  const encodeArgs = (args: unknown): Encoded => {
    if (!Array.isArray(args)) refuse(`the arguments of "${name}"`, args, 'an array, one element for each parameter')
    return encode(args, codec, 'args', host.maxPayload)
  }
  const settingsOfMany = (argsList: unknown, options: CallOptions | undefined): CallSettings => {
    if (!Array.isArray(argsList)) refuse(`${name}.delayMany()`, argsList, 'an array of argument arrays')
    const settled = shapeOf(options)
    if (settled.taskId !== null)
      throw new InvalidOption(`${name}.delayMany(): taskId names one job — call applyAsync() for each`)
    return settled
  }
  const keysOf = (unique: UniqueSettings, argsList: readonly Args[], encoded: Encoded[]): string[] => {
    return argsList.map((args, i) => uniqueKey(unique, name, args, encoded[i]!))
  }
  const check = (args: readonly unknown[]): void | Promise<void> => {
    if (!input) return
    const checked = checkInput(input, name, args)
    if (checked instanceof Promise) return checked.then(() => {})
  }
  const checkNow = (args: readonly unknown[]): void => {
    if (check(args) instanceof Promise) {
      throw new InvalidInput(
        `the input schema of "${name}" is asynchronous, which within(db) cannot wait for — use delay(), or a synchronous schema`,
      )
    }
  }

  const enqueueOne = async (args: Args, options?: SingleCallOptions): Promise<AsyncResult<Result>> => {
    if (input) await check(args)
    const settled = shapeOf(options)
    const { taskId, unique, shape } = settled
    const id = taskId ?? newJobId(Date.now())
    const encoded = [encodeArgs(args)]
    const keys = unique ? keysOf(unique, [args], encoded) : undefined
    const gateKeys = gateKeysOf(settings, settled, [args])
    return handle(id, await host.requests().enqueue(shape, [id], encoded, keys, gateKeys))
  }

  const callOf = (options: CallOptions | undefined, argsList: readonly Args[]) => {
    return { app: host.app, task: name, queue: options?.queue ?? settings.queue, count: argsList?.length ?? 0 }
  }
  const idsOf = (handles: readonly AsyncResult[]): string[] => handles.map(({ id }) => id)
  const tracedOne = (args: Args, given?: SingleCallOptions): Promise<AsyncResult<Result>> =>
    tracedEnqueue(
      callOf(given, [args]),
      given,
      (options) => enqueueOne(args, options),
      ({ id }) => [id],
    )

  const handle = (id: string, duplicates: Duplicates): AsyncResult<Result> => {
    const duplicate = duplicates.get(id)
    if (!duplicate) return new AsyncResult<Result>(id, host)
    const [, existing, refused] = duplicate
    if (refused)
      throw new DuplicateJob(
        `a job of task "${name}" with the same key is there already (${existing}), and onConflict is 'error' — nothing was stored`,
        existing,
      )
    return new AsyncResult<Result>(existing, host, true)
  }
  const newIds = (count: number): string[] => {
    const now = Date.now()
    return Array.from({ length: count }, () => newJobId(now))
  }

  const task = ((...args: Args) => fn(...args)) as Task<F>
  const methods: Omit<Task<F>, never> & { name: string } = {
    name,
    taskName: name,
    delay: (...args: Args) => tracedOne(args),
    applyAsync: (args: Args, options?: SingleCallOptions) => tracedOne(args, options),
    delayMany: (argsList, given) =>
      tracedEnqueue(
        callOf(given, argsList),
        given,
        async (options) => {
          const settled = settingsOfMany(argsList, options)
          const { unique, shape } = settled
          if (input) for (const args of argsList) await check(args)
          if (argsList.length === 0) return []
          const ids = newIds(argsList.length)
          const encoded = argsList.map(encodeArgs)
          const keys = unique ? keysOf(unique, argsList, encoded) : undefined
          const gateKeys = gateKeysOf(settings, settled, argsList)
          const duplicates = await host.requests().enqueue(shape, ids, encoded, keys, gateKeys)
          return ids.map((id) => handle(id, duplicates))
        },
        idsOf,
      ),
    within: (db: CallerDatabase): TransactionalTask<F> => {
      const store = (argsList: readonly Args[], given?: SingleCallOptions): AsyncResult<Result>[] =>
        tracedStore(
          callOf(given, argsList),
          given,
          (options) => {
            for (const args of argsList) checkNow(args)
            const settled = shapeOf(options)
            const { taskId, unique, shape } = settled
            const gateKeys = gateKeysOf(settings, settled, argsList)
            const ids = taskId === null ? newIds(argsList.length) : [taskId]
            const args = argsList.map(encodeArgs)
            const keyed = { ...(unique && { keys: keysOf(unique, argsList, args) }), ...(gateKeys && { gateKeys }) }
            const batch = { ...shape, ...keyed, ids, args }
            const { duplicates } = insertWithin(db, host.database, batch, Date.now())
            host.poke()
            const known = new Map(duplicates.map((duplicate) => [duplicate[0], duplicate]))
            return ids.map((id) => handle(id, known))
          },
          idsOf,
        )
      return {
        delay: (...args: Args) => store([args])[0]!,
        applyAsync: (args: Args, options?: SingleCallOptions) => store([args], options)[0]!,
        delayMany: (argsList, options) => {
          settingsOfMany(argsList, options)
          return argsList.length === 0 ? [] : store(argsList, options)
        },
      }
    },
    s: (...args: unknown[]) => new Signature<Result>(name, args),
    si: (...args: Args) => new Signature<Result>(name, args, {}, true),
  }
  for (const [key, value] of Object.entries(methods))
    Object.defineProperty(task, key, { value, enumerable: key !== 'name' })
  return task
}
