/** What the observer tells the program `children/hop.ts` to do. */

export type TaskName =
  | 'instant'
  | 'busy'
  | 'waiting'
  | 'flaky'
  | 'gated'
  | 'dying'
  | 'hanging'
  | 'deadly'
  | 'exiting'
  | 'poison'
  | 'poisonOnce'
  | 'endless'

export interface Call {
  task: TaskName
  args: [key: string, ...rest: unknown[]]
}

export interface HopOrders {
  calls?: Call[]
  /** How they are enqueued. `commit` and `rollback` use a transaction of the application. Default `delay`. */
  way?: 'delay' | 'many' | 'commit' | 'rollback'
  /** Enqueue at once, or when told to `go`. Default `start`. */
  on?: 'start' | 'go'
  /** Run jobs too. Default false. */
  consume?: boolean
  /** Stop once every job has ended. Default false. */
  untilIdle?: boolean
  /** Where the process kills itself while it enqueues. Default: nowhere. */
  die?: 'called' | 'posted' | 'acknowledged' | 'before-commit' | 'after-commit'
}

export function calls(task: TaskName, count: number, name: string, ...rest: unknown[]): Call[] {
  return Array.from({ length: count }, (_, i) => ({ task, args: [`${name}-${i + 1}`, ...rest] }))
}
