import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { TaskModuleFailed, TaskModuleNotFound } from '../errors.ts'
import { toWireError } from '../wire/error-codec.ts'
import type { Enlistment, LaneOpening, LaneOrder, LaneReport, Reply } from '../wire/messages.ts'
import { enterPoolThread, type PoolThread, type ThreadApp } from '../wire/pool-thread.ts'
import { captureConsole } from './console-capture.ts'
import type { RunnableTask } from './execute.ts'
import { LaneRunner } from './lane-runner.ts'
import { runningTask } from './task-context.ts'

/** The lasting task of a pool thread: imports the user's modules, then runs what its lane is given until the thread is ended. */
export default async function serve(opening: LaneOpening): Promise<void> {
  const { port } = opening
  const replies: ((reply: Reply) => void)[] = []
  const thread: PoolThread<RunnableTask> = {
    database: opening.database,
    apps: [],
    importing: true,
    reachedProgram: () => {},
    send: (request) => port.postMessage(request),
    listen: (listener) => replies.push(listener),
  }
  enterPoolThread(thread)
  // The thread may begin before its process is on the file.
  const enlisted = new Promise<Enlistment>((resolve) => port.once('message', resolve))
  if (opening.captureConsole) captureConsole()
  try {
    await importTasks(opening.modules, thread)
  } catch (error) {
    thread.importing = false
    report(opening, { type: 'unfit', error: toWireError(error) })
    return
  }
  thread.importing = false

  const apps = appsInOrder(thread.apps, opening)
  const find = (name: string): RunnableTask | undefined => {
    for (const app of apps) {
      const task = app.tasks.get(name)
      if (task) return task
    }
    return undefined
  }
  const runner = new LaneRunner(opening, await enlisted, find)
  // Without these listeners an error that a finished task left behind ends the thread, and the job that runs by then.
  process.on('uncaughtException', (error) => runner.strayError(error, runningTask()))
  process.on('unhandledRejection', (reason) => runner.strayError(reason, runningTask()))
  process.on('exit', () => runner.exit())
  port.on('message', (message: LaneOrder) => {
    if (message.type === 'run' || message.type === 'cancel') runner.order(message)
    else for (const listener of replies) listener(message)
  })
  report(opening, { type: 'ready', tasks: apps.flatMap((app) => [...app.tasks.keys()]) })
  await new Promise<never>(() => {})
}

function report({ port }: LaneOpening, message: LaneReport): void {
  port.postMessage(message)
}

/** Imports each module, or as much of it as comes before its first call that would start work. */
async function importTasks(modules: string[], thread: PoolThread<RunnableTask>): Promise<void> {
  for (const url of modules) {
    if (url.startsWith('file:') && !existsSync(fileURLToPath(url))) {
      throw new TaskModuleNotFound(`the task module ${url} does not exist — check the "tasks" option`)
    }
    const reached = new Promise<void>((resolve) => {
      thread.reachedProgram = resolve
    })
    try {
      await Promise.race([import(url), reached])
    } catch (error) {
      throw new TaskModuleFailed(
        `importing the task module ${url} in a pool thread failed: ${error instanceof Error ? error.message : String(error)}${remedy(error)}`,
        { cause: error },
      )
    }
  }
}

/** What reads TypeScript in the application's thread need not do so in others: tsx does not before Node 22.22.3, nor does vitest. */
function remedy(error: unknown): string {
  const { code, message } = (error ?? {}) as NodeJS.ErrnoException
  const isTypeScript =
    code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX' ||
    (code === 'ERR_UNKNOWN_FILE_EXTENSION' && / "\.[cm]?tsx?"/.test(message))
  if (!isTypeScript) return ''
  return ` — Node ${process.versions.node} cannot run it as it is: name compiled modules in "tasks", or give the threads a loader by "pool.execArgv" (README, "TypeScript")`
}

/** The apps whose tasks count, the one that corresponds to the application's own first. */
function appsInOrder(apps: ThreadApp<RunnableTask>[], { app }: LaneOpening): ThreadApp<RunnableTask>[] {
  const named = apps.filter((a) => a.identity.name === app.name)
  const exact = named.filter((a) => a.identity.ordinal === app.ordinal)
  return [...exact, ...named.filter((a) => !exact.includes(a)), ...apps.filter((a) => !named.includes(a))]
}
