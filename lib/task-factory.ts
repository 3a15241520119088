import { InvalidInput, InvalidOption } from './errors.ts'
import { checkInput } from './input-check.ts'
import { type CallOptions, callSettings, plainShape, type SingleCallOptions } from './options/call-options.ts'
import { refuse } from './options/check.ts'
import type { TaskSettings } from './options/task-options.ts'
import { AsyncResult, type ResultSource } from './result.ts'
import { Signature } from './signature.ts'
import { insertWithin } from './store/caller-connection.ts'
import type { Task } from './task.ts'
import type { TaskFunction } from './task-function.ts'
import { encode } from './wire/codec.ts'
import { newJobId } from './wire/job-id.ts'
import type { JobShape } from './wire/messages.ts'
import type { CallerDatabase, TransactionalTask } from './within.ts'
import type { RunnableTask } from './worker/execute.ts'
import { runningTask } from './worker/task-context.ts'

/** What a task needs of its app. */
export interface TaskHost extends ResultSource {
  readonly database: string
  readonly maxPayload: number
  /** Another connection of this process is about to commit jobs. */
  poke(): void
}

export interface DefinedTask extends RunnableTask {
  readonly name: string
  readonly settings: TaskSettings
}

type Encoded = string | Uint8Array

/** Makes the callable task for a function. */
export function makeTask<F extends TaskFunction>(host: TaskHost, name: string, settings: TaskSettings, fn: F): Task<F> {
  type Result = Awaited<ReturnType<F>>
  type Args = Parameters<F>
  const plain = plainShape(name, settings)
  const { codec, input } = settings

  const shapeOf = (options: SingleCallOptions | undefined): { taskId: string | null; shape: JobShape } => {
    const settled =
      options === undefined && plain
        ? { taskId: null, shape: plain }
        : callSettings(name, settings, options, Date.now())
    const parent = runningTask()
    return parent ? { ...settled, shape: { ...settled.shape, parentId: parent.id, rootId: parent.rootId } } : settled
  }
  const encodeArgs = (args: unknown): Encoded => {
    if (!Array.isArray(args)) refuse(`the arguments of "${name}"`, args, 'an array, one element for each parameter')
    return encode(args, codec, 'args', host.maxPayload)
  }
  const shapeOfMany = (argsList: unknown, options: CallOptions | undefined): JobShape => {
    if (!Array.isArray(argsList)) refuse(`${name}.delayMany()`, argsList, 'an array of argument arrays')
    const { taskId, shape } = shapeOf(options)
    if (taskId !== null)
      throw new InvalidOption(`${name}.delayMany(): taskId names one job — call applyAsync() for each`)
    return shape
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
    const { taskId, shape } = shapeOf(options)
    const id = taskId ?? newJobId(Date.now())
    const duplicates = await host.requests().enqueue(shape, [id], [encodeArgs(args)])
    return new AsyncResult<Result>(id, host, duplicates.has(id))
  }

  const handles = (ids: string[], duplicates: ReadonlySet<string>): AsyncResult<Result>[] => {
    return ids.map((id) => new AsyncResult<Result>(id, host, duplicates.has(id)))
  }
  const newIds = (count: number): string[] => {
    const now = Date.now()
    return Array.from({ length: count }, () => newJobId(now))
  }

  const task = ((...args: Args) => fn(...args)) as Task<F>
  const methods: Omit<Task<F>, never> & { name: string } = {
    name,
    taskName: name,
    delay: (...args: Args) => enqueueOne(args),
    applyAsync: (args: Args, options?: SingleCallOptions) => enqueueOne(args, options),
    delayMany: async (argsList, options) => {
      const shape = shapeOfMany(argsList, options)
      if (input) for (const args of argsList) await check(args)
      if (argsList.length === 0) return []
      const ids = newIds(argsList.length)
      return handles(ids, await host.requests().enqueue(shape, ids, argsList.map(encodeArgs)))
    },
    within: (db: CallerDatabase): TransactionalTask<F> => {
      const store = (argsList: readonly Args[], options?: SingleCallOptions): AsyncResult<Result>[] => {
        for (const args of argsList) checkNow(args)
        const { taskId, shape } = shapeOf(options)
        const ids = taskId === null ? newIds(argsList.length) : [taskId]
        const batch = { ...shape, ids, args: argsList.map(encodeArgs) }
        const duplicates = new Set(insertWithin(db, host.database, batch, Date.now()))
        host.poke()
        return handles(ids, duplicates)
      }
      return {
        delay: (...args: Args) => store([args])[0]!,
        applyAsync: (args: Args, options?: SingleCallOptions) => store([args], options)[0]!,
        delayMany: (argsList, options) => {
          shapeOfMany(argsList, options)
          return argsList.length === 0 ? [] : store(argsList, options)
        },
      }
    },
    s: (...args: Args) => new Signature<Result>(name, args),
    si: (...args: Args) => new Signature<Result>(name, args, {}, true),
  }
  for (const [key, value] of Object.entries(methods))
    Object.defineProperty(task, key, { value, enumerable: key !== 'name' })
  return task
}
