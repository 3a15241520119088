/**
 * How a task module finds out that a pool thread is importing it. Kept on `globalThis` under a registered symbol, because
 * a module graph may hold two copies of the library.
 */
import type { AppIdentity, Reply, Request } from './messages.ts'

export interface ThreadApp<Task> {
  identity: AppIdentity
  tasks: ReadonlyMap<string, Task>
}

export interface PoolThread<Task = unknown> {
  /** The file of the app that the thread works for; an app of this thread may be declared without it. */
  database: string
  /** Every app that was created in this thread. */
  apps: ThreadApp<Task>[]
  /** True while the task modules are being imported: calls that would start work then only stop the import. */
  importing: boolean
  /** The import reached code meant for the application; what is declared by now counts. */
  reachedProgram(): void
  send(request: Request): void
  listen(listener: (reply: Reply) => void): void
}

const KEY = Symbol.for('celeriac.pool-thread')

export function poolThread<Task>(): PoolThread<Task> | undefined {
  return (globalThis as Record<symbol, unknown>)[KEY] as PoolThread<Task> | undefined
}

export function enterPoolThread<Task>(thread: PoolThread<Task>): void {
  ;(globalThis as Record<symbol, unknown>)[KEY] = thread
}
